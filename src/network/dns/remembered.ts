import { isTheSameEachTime, withId } from './message.ts'

/** A program that asks for ever new names must not fill the memory. */
const most = 512

/**
 * Answers that were given, by their queries without the id: programs ask for the same few names again and again, and a
 * copy takes a tenth of what it takes to read, decide and write. Only what is known here is remembered, and only until
 * anything changes of what answers depend on.
 */
export class Remembered {
  readonly #answers = new Map<string, Buffer>()
  #version: number | undefined

  /** @param version that of what answers depend on, at this moment */
  find(query: Buffer, version: number): Buffer | undefined {
    if (version !== this.#version) {
      this.#answers.clear()
      this.#version = version
      return undefined
    }
    const answer = this.#answers.get(keyOf(query))
    return answer && withId(answer, query.readUInt16BE(0))
  }

  /** @param answer one that nobody was asked for, to a query that was not found */
  add(query: Buffer, answer: Buffer): void {
    if (!isTheSameEachTime(answer)) return
    if (this.#answers.size >= most) this.#answers.clear()
    this.#answers.set(keyOf(query), Buffer.from(answer))
  }
}

const keyOf = (query: Buffer): string => query.toString('latin1', 2)
