import { insecureProblem, microphoneProblem } from './problems.ts'

/**
 * Opens the microphone.
 *
 * @param isProcessed echo cancelling, noise suppression and gain control: good for a voice, while a steady tone counts
 *   as noise and fades
 * @throws Problem that says what to do
 */
export async function openMicrophone (isProcessed: boolean): Promise<MediaStream> {
  if (!isSecureContext) throw insecureProblem()
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: isProcessed, noiseSuppression: isProcessed, autoGainControl: isProcessed },
    })
  } catch (error) {
    throw microphoneProblem(error)
  }
}
