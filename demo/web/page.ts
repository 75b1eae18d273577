import type { Reading } from './meter.ts'
import type { Problem } from './problems.ts'

function byId<T extends HTMLElement> (id: string, type: new () => T): T {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`the page has no #${id}`)
  return element
}

/** The elements of index.html that change. */
export const page = {
  state: byId('state', HTMLElement),
  timer: byId('timer', HTMLElement),
  call: byId('call', HTMLButtonElement),
  problem: byId('problem', HTMLElement),
  mute: byId('mute', HTMLButtonElement),
  hold: byId('hold', HTMLButtonElement),
  keys: byId('keys', HTMLButtonElement),
  keypad: byId('keypad', HTMLElement),
  digits: byId('digits', HTMLElement),
  microphone: byId('microphone', HTMLElement),
  echo: byId('echo', HTMLElement),
  processing: byId('processing', HTMLInputElement),
  speaker: byId('speaker', HTMLAudioElement),
}

/** Writes a fact into its place; `–` while it is unknown. `state` chooses the colour. */
export function showFact (id: string, text: string | undefined, state?: string): void {
  const element = byId(id, HTMLElement)
  if (element.textContent !== (text ?? '–')) element.textContent = text ?? '–'
  if (state !== undefined) element.dataset.state = state
}

/** An SDP in its fold, with its size beside the title. Unchanged text stays in place, and so does a selection in it. */
export function showSdp (id: string, sdp: string | undefined): void {
  const text = sdp?.replaceAll('\r\n', '\n').trimEnd() ?? ''
  const place = byId(id, HTMLElement)
  if (place.textContent === text) return
  place.textContent = text
  byId(`${id}-size`, HTMLElement).textContent = text ? `${text.split('\n').length} lines, ${sdp?.length ?? 0} bytes` : ''
}

/** Moves a meter. */
export function showReading (meter: HTMLElement, { level, hertz }: Reading): void {
  meter.style.setProperty('--level', `${level}%`)
  meter.ariaValueNow = String(level)
  byId(`${meter.id}-hertz`, HTMLElement).textContent = hertz === undefined ? '' : `${hertz} Hz`
}

/** A minute and its seconds: `1:05`. */
export function showTimer (seconds: number | undefined): void {
  page.timer.hidden = seconds === undefined
  if (seconds === undefined) return
  page.timer.textContent = `${Math.floor(seconds / 60)}:${String(Math.floor(seconds) % 60).padStart(2, '0')}`
}

/** Where the line or the call is; `state` chooses the colour. */
export function showState (state: 'connecting' | 'ready' | 'calling' | 'talking' | 'held', text: string): void {
  page.state.dataset.state = state
  page.state.textContent = text
}

/** The one button that calls and hangs up. */
export function showCallButton (label: 'Call' | 'Hang up'): void {
  page.call.classList.toggle('hang-up', label === 'Hang up')
  const text = page.call.querySelector('span')
  if (text) text.textContent = label
}

/** What can be done during a call only. */
export function showDuring (isTalking: boolean): void {
  for (const button of [page.mute, page.hold, page.keys]) button.disabled = !isTalking
  for (const button of [page.mute, page.hold]) button.ariaPressed = 'false'
  if (!isTalking) showKeypad(false)
}

export function showKeypad (isOpen: boolean): void {
  page.keypad.hidden = !isOpen
  page.keys.ariaExpanded = String(isOpen)
}

/** Tells a problem, or with none that it is over. */
export function showProblem (problem?: Problem): void {
  const text = problem?.message ?? ''
  if (page.problem.textContent === text) return // Or it would be read out again.
  page.problem.hidden = !problem
  page.problem.textContent = text
}
