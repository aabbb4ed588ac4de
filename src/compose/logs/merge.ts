/** Something that happened at a time that compares as text, as RFC 3339 in UTC with a fixed width does. */
export interface Timed {
  readonly time: string
}

/** Merges sequences that are each in order of time into one. What has the same time stays in the order of the sources. */
export async function* mergeByTime<T extends Timed>(sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const heads: { item: T; iterator: AsyncIterator<T> }[] = []
  const first = await Promise.all(
    sources.map(async source => {
      const iterator = source[Symbol.asyncIterator]()
      return { iterator, result: await iterator.next() }
    }),
  )
  for (const { iterator, result } of first) if (!result.done) heads.push({ item: result.value, iterator })
  while (heads.length > 0) {
    const head = heads.reduce((earliest, other) => (other.item.time < earliest.item.time ? other : earliest))
    yield head.item
    const next = await head.iterator.next()
    if (next.done) heads.splice(heads.indexOf(head), 1)
    else head.item = next.value
  }
}
