import type { FastifyInstance } from 'fastify'
import { NgpilotError } from '../../errors.ts'
import { tell } from './told.ts'

/** Where rtpengine's `b2b-url` leads. The daemon knows no token, so it is believed only when the node confirms it. */
export const timeoutPath = '/v1/rtpengine/timeout'

/** @returns false when too many are looked into already */
export type TimeoutHint = (callId: string | undefined) => boolean

/**
 * The daemon's XML-RPC call for a call that it ends because no media came, in each of its three formats (`xmlrpc-format`):
 * 0 `di` with the tag of a leg, 1 `teardown` with the call-id, 2 `dlg.terminate_dlg` with the call-id and the tags.
 */
export function addTimeouts (app: FastifyInstance, hint: TimeoutHint): void {
  app.addContentTypeParser('text/xml', { parseAs: 'string', bodyLimit: 16_384 }, (_request, body, done) => { done(null, body) })
  app.post(timeoutPath, {
    schema: {
      summary: 'rtpengine ends a call without media',
      description: 'For the daemon: b2b-url = http://%%:8080/v1/rtpengine/timeout, xmlrpc-format = 0, 1 or 2.',
      body: { content: { 'text/xml': { schema: { type: 'string', description: 'XML-RPC.', examples: [example] } } } },
      response: { 200: { description: 'Heard.', content: { 'text/xml': { schema: { type: 'string', examples: [heard] } } } } },
    },
  }, (request, reply) => {
    const { method, texts } = readCall(String(request.body))
    const callId = method === 'teardown' || method === 'dlg.terminate_dlg' ? texts[0] : undefined
    tell(request, { command: 'timeout', ...(callId !== undefined && { callId }) })
    if (!hint(callId)) throw new NgpilotError('too_large', 'too many timeouts at once')
    return reply.type('text/xml').send(heard)
  })
}

/** What the daemon sends with xmlrpc-format = 1, but for its line breaks. */
const example = '<?xml version="1.0"?><methodCall><methodName>teardown</methodName><params>'
  + '<param><value><string>a84b4c76e66710</string></value></param></params></methodCall>'
const heard = '<?xml version="1.0"?><methodResponse><params><param><value><string>OK</string></value></param></params></methodResponse>'

/**
 * Method and texts of an XML-RPC call. No more of XML is read than the daemon writes: a value is a text, with or without
 * `<string>` around it.
 * @throws NgpilotError `bad_request`
 */
export function readCall (xml: string): { method: string, texts: string[] } {
  const method = /<methodName>\s*([\w.]{1,64})\s*<\/methodName>/.exec(xml)?.[1]
  if (method === undefined) throw new NgpilotError('bad_request', 'the body is no XML-RPC call: it has no <methodName>')
  const texts = [...xml.matchAll(/<value>(?:<string>)?([^<]*)(?:<\/string>)?<\/value>/g)].map(([, text = '']) => unescaped(text))
  return { method, texts }
}

const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: '\'' }

function unescaped (text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|(\w+));/gi, (all, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return entities[name] ?? all
    const code = decimal === undefined ? parseInt(hex ?? '', 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : all
  })
}
