import assert from 'node:assert/strict'
import test from 'node:test'
import { parseAddress } from '../../src/sip/address.ts'
import { growth, survives } from '../sdp/hostile.ts'

test('reads URI and parameters of every form that RFC 3261 and RFC 4475 show', () => {
  const cases: [string, string, Record<string, string>][] = [
    ['"Alice" <sip:alice@example.com>;tag=abc', 'sip:alice@example.com', { tag: 'abc' }],
    ['Alice In Chains <sip:alice@example.com> ; tag = abc', 'sip:alice@example.com', { tag: 'abc' }],
    ['<sip:alice@example.com;transport=tcp?X=y>;tag=a', 'sip:alice@example.com;transport=tcp?X=y', { tag: 'a' }],
    ['sip:alice@example.com;tag=887s', 'sip:alice@example.com', { tag: '887s' }],
    ['sip:alice@example.com', 'sip:alice@example.com', {}],
    ['"a;b <c> \\" > ,;tag=no" <sip:x@y>;tag=yes', 'sip:x@y', { tag: 'yes' }],
    ['"back\\\\" <sip:x@y>;tag=yes', 'sip:x@y', { tag: 'yes' }],
    ['""<sip:x@y>;tag=1', 'sip:x@y', { tag: '1' }],
    ['<tel:+44-1632-960001;phone-context=x>;tag=t', 'tel:+44-1632-960001;phone-context=x', { tag: 't' }],
    ['tel:+441632960001;tag=t', 'tel:+441632960001', { tag: 't' }],
    ['< sips:alice@[2001:db8::1]:5061 >;tag=1', 'sips:alice@[2001:db8::1]:5061', { tag: '1' }],
    ['<sip:x@y>;tag=98asjd8-.!%*_+`\'~,@/[]', 'sip:x@y', { tag: '98asjd8-.!%*_+`\'~,@/[]' }],
    ['<sip:x@y>;a="1;tag=no\\"2";tag=yes;lr;', 'sip:x@y', { a: '1;tag=no"2', tag: 'yes', lr: '' }],
    ['<sip:x@y>;__proto__=1;tag=a', 'sip:x@y', { tag: 'a', ['__proto__']: '1' }],
  ]
  for (const [text, uri, params] of cases) {
    const address = parseAddress(text, 'From')
    assert.equal(address.uri, uri, text)
    assert.deepEqual([...address.params].sort(), Object.entries(params).sort(), text)
  }
})

test('refuses what it cannot read and says so', () => {
  const cases: [string, RegExp][] = [
    ['', /no URI/], ['Alice', /no URI/], ['<>', /no URI/], ['<alice>', /no URI/], ['<sip:>;tag=1', /no URI/],
    ['<sip:x@y', /not closed/], ['"Alice <sip:x@y>', /not closed/], ['"Alice\\', /not closed/], ['"Alice"', /no <URI>/],
    ['<sip:x@y> tag=1', /without ";"/], ['<sip:x@y>;a="b', /not closed/], ['<sip:x@y>;a="b"c', /without ";"/],
    ['<sip:x@y>, <sip:z@y>', /without ";"/], ['Bob; x <sip:x@y>', /no URI/],
  ]
  for (const [text, message] of cases) assert.throws(() => parseAddress(text, 'From (line 4)'), { code: 'bad_request', message }, text)
  assert.throws(() => parseAddress('', 'From (line 4)'), { message: 'From (line 4): no URI' })
})

test('takes time in proportion to the size', () => {
  const pieces = ['\\"', '"', '<', '>', ';', ';a', ';a=', ';a="', ' ', '\t;', 'a', 'a:', '=', ',', '\\']
  for (const head of ['"', '<sip:a@b>', '<sip:a@b>;a="', 'sip:a', '']) {
    for (const piece of pieces) {
      const shape = (size: number) => head + piece.repeat(size)
      assert.ok(growth(shape, 4 * 1024, (text) => survives(() => parseAddress(text, 'From'))) < 9, `${head} ${piece}`)
    }
  }
})
