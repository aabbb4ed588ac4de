/**
 * Promise.all() that waits for all of them before it throws the first failure: whoever cleans up then knows that
 * nothing is acquired any more behind his back.
 */
export async function settleAll<const T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(promises)
  return await Promise.all(promises)
}
