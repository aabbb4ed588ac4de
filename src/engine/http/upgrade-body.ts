import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { invalid } from '../failures.ts'
import { readBodyOf } from './body.ts'

/** The end of a chunked body (RFC 9112, section 7.1), and all of an empty one. */
const LAST_CHUNK = '0\r\n\r\n'

/**
 * The body of a request that asks for an upgrade. Node does not parse it: it is the first bytes of the connection that it
 * hands over, and would be taken for input of whatever the connection goes on with.
 */
export class UpgradeBody {
  readonly #isChunked: boolean
  readonly #size: number
  readonly #connection: Readable
  #read: Promise<Buffer> | undefined

  constructor(headers: IncomingHttpHeaders, connection: Readable) {
    this.#isChunked = headers['transfer-encoding'] !== undefined
    this.#size = Number(headers['content-length'] ?? 0)
    this.#connection = connection
  }

  /** @throws TscomposeError ENGINE_REQUEST_INVALID */
  read(): Promise<Buffer> {
    if (this.#isChunked) throw invalid('the body of an upgrade request needs a Content-Length')
    this.#read ??= readBodyOf(this.#connection, this.#size)
    return this.#read
  }

  /**
   * Takes off what no handler wanted: dockerode sends the parameters of its query once more.
   * @param isWhole whether the client says nothing more before the body has ended; otherwise one that is chunked may have
   * no end, with raw input after the request
   * @throws TscomposeError ENGINE_REQUEST_INVALID
   */
  async discard(isWhole: boolean): Promise<void> {
    if (!this.#isChunked) return void (await this.read())
    if (isWhole) {
      const body = await readBodyOf(this.#connection, LAST_CHUNK.length)
      if (body.toString('latin1') !== LAST_CHUNK) throw invalid('the body of an upgrade request needs a Content-Length')
      return
    }
    const next: Buffer | null = this.#connection.read(LAST_CHUNK.length)
    if (next && next.toString('latin1') !== LAST_CHUNK) this.#connection.unshift(next)
  }
}
