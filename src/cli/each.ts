/**
 * Does the same with each argument, one after the other; one that fails does not keep the others.
 * @throws the failure, or an AggregateError of several
 */
export async function forEach<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const failures: unknown[] = []
  for (const item of items) await task(item).catch(error => failures.push(error))
  if (failures.length > 1) throw new AggregateError(failures)
  if (failures.length === 1) throw failures[0]
}
