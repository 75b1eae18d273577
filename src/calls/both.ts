/** Waits for both, also when one fails: what comes after a failure must not overtake the other. */
export async function both<T> (sending: Promise<T>, saving: Promise<void>): Promise<T> {
  const [reply, saved] = await Promise.allSettled([sending, saving])
  if (reply.status === 'rejected') throw reply.reason
  if (saved.status === 'rejected') throw saved.reason
  return reply.value
}
