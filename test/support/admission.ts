import { Admission } from '../../src/ingress/admission.ts'

/** Turns for the requests of an ingress until the test ends. */
export function startAdmission (t: { after (end: () => void): void }, deadlineMs: number): Admission {
  const admission = new Admission({ deadlineMs, observer: { waited: () => undefined, waiting: () => undefined } })
  t.after(() => admission.close())
  return admission
}
