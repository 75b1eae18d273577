import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runDemo } from './run-demo.ts'

test('--check hears its own tone back through opus and PCMU, and leaves no call behind', async () => {
  const { code, printed } = await runDemo(['--check'])
  assert.equal(code, 0, printed)
  const steps = printed.split('\n').filter((line) => /^[✓✗]/.test(line))
  assert.deepEqual(steps, [
    '✓ the page registers at Kamailio',
    '✓ the phone answers',
    '✓ ICE connects',
    '✓ DTLS connects',
    '✓ the browser\'s leg is opus',
    '✓ the phone\'s leg is PCMU',
    '✓ the browser hears its tone of 440 Hz back',
    '✓ it hangs up, and rtpengine holds no call',
  ])
})
