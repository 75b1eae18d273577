import { randomUUID } from 'node:crypto'
import { parseStoreUrl } from '../config/store-url.ts'
import { asNgpilotError, NgpilotError } from '../errors.ts'
import { openClient, type RedisAccess } from './client.ts'
import { connectRedis } from './connection.ts'

export interface PeersOptions extends RedisAccess {
  /** As `parseStoreUrl` reads it; that of the store. */
  url: string
  commandTimeoutMs?: number
  /** How long the others may take. Default 600. */
  withinMs?: number
  /** Redis does not let this instance listen. */
  refused: (reason: string) => void
}

/** What this instance says to a question of another one; undefined: nothing. */
export type AnswerToPeer = (question: string) => Promise<string | undefined>

/**
 * @param enough how many answers are waited for; default: those of all that hear the question
 * @returns what those say that have something to say, in time; nothing while Redis is away
 */
export type AskPeers = (question: string, enough?: number) => Promise<string[]>

/** The other instances that share a Redis. Nothing is kept there: question and answers are only passed on. */
export interface Peers {
  /** Answers the others' questions about one matter from now on, by which they all know it. @returns what asks them */
  about (topic: string, answer: AnswerToPeer): AskPeers
  close (): Promise<void>
}

interface Question { id: string, to: string, topic: string, question: string }
interface Answer { id: string, answer?: string }
interface Waiting { heard (answer: string | undefined): void }

const questions = 'ngpilot:peers'
/** Longer than any answer; what is longer is not read. */
const mostLength = 2 ** 20

/** @see https://redis.io/docs/latest/develop/pubsub/ */
export function openPeers (options: PeersOptions): Peers {
  const { url, commandTimeoutMs = 150, withinMs = 600, refused } = options
  const target = parseStoreUrl(url)
  if (!target) throw new NgpilotError('config_invalid', 'the URL of the call store cannot be read')
  const { kind } = target
  const own = `${questions}:${randomUUID()}`
  const waiting = new Map<string, Waiting>()
  const answers = new Map<string, AnswerToPeer>()
  // A connection that listens can do nothing else.
  const sender = connectRedis(url, commandTimeoutMs, options)
  const listener = openClient(target, options, commandTimeoutMs)
  listener.on('error', () => undefined)
  listener.on('ready', () => {
    listener.subscribe(questions, own).catch((error: unknown) => {
      if (error instanceof Error && error.message.startsWith('NOPERM')) refused(error.message)
    })
  })
  listener.on('message', (channel: string, text: string) => {
    if (text.length > mostLength) return
    if (channel === own) heard(text)
    else void reply(text).catch(() => undefined)
  })

  function heard (text: string): void {
    const told = parsed<Answer>(text)
    if (typeof told?.id !== 'string') return
    waiting.get(told.id)?.heard(typeof told.answer === 'string' ? told.answer : undefined)
  }

  async function reply (text: string): Promise<void> {
    const asked = parsed<Question>(text)
    const { id, to, topic, question } = asked ?? {}
    if (typeof id !== 'string' || typeof question !== 'string' || typeof to !== 'string') return
    if (to === own || !to.startsWith(`${questions}:`)) return
    const said = await answers.get(topic ?? '')?.(question).catch(() => undefined)
    await publish(to, { id, ...said !== undefined && { answer: said } })
  }

  const publish = (channel: string, message: Question | Answer) =>
    sender.run((redis) => redis.publish(channel, JSON.stringify(message)))

  async function ask (topic: string, question: string, enough = Infinity): Promise<string[]> {
    const id = randomUUID()
    const said: string[] = []
    let expected = Infinity
    let replies = 0
    return new Promise((resolve) => {
      const finish = () => {
        clearTimeout(timer)
        waiting.delete(id)
        resolve(said)
      }
      const timer = setTimeout(finish, withinMs)
      const finishWhenAll = () => { if (replies >= expected || said.length >= enough) finish() }
      waiting.set(id, {
        heard (answer) {
          replies++
          if (answer !== undefined) said.push(answer)
          finishWhenAll()
        },
      })
      publish(questions, { id, to: own, topic, question }).then((listeners) => {
        // A node of a Cluster counts its own listeners alone. This instance is one of them.
        if (kind === 'cluster') return
        expected = listeners - 1
        finishWhenAll()
      }, (error: unknown) => {
        if (asNgpilotError(error).code === 'store_unavailable') finish()
      })
    })
  }

  return {
    about (topic, answer) {
      answers.set(topic, answer)
      return (question, enough) => ask(topic, question, enough)
    },
    async close () {
      listener.disconnect()
      await sender.close()
    },
  }
}

function parsed<T extends object> (text: string): Partial<T> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
