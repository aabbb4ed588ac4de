/**
 * Waits for all, also when one fails: what is half-way must not go on behind the back of whoever cleans up.
 * @throws the first failure
 */
export async function settleAll(tasks: readonly Promise<unknown>[]): Promise<void> {
  for (const result of await Promise.allSettled(tasks)) if (result.status === 'rejected') throw result.reason
}
