import { TscomposeError } from '../../errors.ts'

export interface ResponseHead {
  readonly status: number
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>
}

export interface ResponseEvents {
  head(head: ResponseHead): void
  data(chunk: Buffer): void
  end(): void
}

/** Longer heads and lines come from no engine. */
const LINE_LIMIT = 64 * 1024

/** Finds the head and the body of one response (RFC 9112) in chunks cut anywhere. */
export class ResponseDecoder {
  readonly #on: ResponseEvents
  readonly #bodiless: boolean
  #state: 'head' | 'length' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'done' = 'head'
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes still to come of the body or of its chunk. */
  #left = 0

  /** @param method of the request: what answers HEAD is a head alone, whatever it says of a body */
  constructor(on: ResponseEvents, method = 'GET') {
    this.#on = on
    this.#bodiless = method === 'HEAD'
  }

  /**
   * @returns what follows the response: after a response to an upgrade, the first bytes of the other protocol
   * @throws TscomposeError ENGINE_ANSWER_INVALID
   */
  push(chunk: Buffer): Buffer {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    while (this.#state !== 'done' && this.#step());
    return this.#state === 'done' ? this.#rest : Buffer.alloc(0)
  }

  /** The connection has ended. @returns whether the response is whole */
  close(): boolean {
    if (this.#state === 'until-close') this.#finish()
    return this.#state === 'done'
  }

  /** @returns whether there was enough to go on */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#line('\r\n\r\n', head => this.#beginBody(parseHead(head)))
      case 'chunk-size':
        return this.#line('\r\n', line => {
          this.#left = Number.parseInt(line, 16)
          if (Number.isNaN(this.#left)) throw invalid(`a chunk of the size ${line}`)
          this.#state = this.#left === 0 ? 'trailer' : 'chunk'
        })
      case 'chunk-end':
        return this.#line('\r\n', () => {
          this.#state = 'chunk-size'
        })
      case 'trailer':
        return this.#line('\r\n', line => line === '' && this.#finish())
      default:
        return this.#data()
    }
  }

  #line(end: string, take: (line: string) => void): boolean {
    const at = this.#rest.indexOf(end)
    if (at < 0 && this.#rest.length > LINE_LIMIT) throw invalid(this.#rest.toString('latin1', 0, 80))
    if (at < 0) return false
    const line = this.#rest.toString('latin1', 0, at)
    this.#rest = this.#rest.subarray(at + end.length)
    take(line)
    return true
  }

  #beginBody(head: ResponseHead): void {
    const { status, headers } = head
    if (status < 200 && status !== 101) return // an interim response: the real one follows
    this.#on.head(head)
    this.#left = Number(headers.get('content-length') ?? 0)
    if (this.#bodiless || status === 101 || status === 204 || status === 304) this.#finish()
    else if (headers.get('transfer-encoding') === 'chunked') this.#state = 'chunk-size'
    else if (!headers.has('content-length')) this.#state = 'until-close'
    else if (this.#left === 0) this.#finish()
    else this.#state = 'length'
  }

  #data(): boolean {
    const size = this.#state === 'until-close' ? this.#rest.length : Math.min(this.#left, this.#rest.length)
    if (size === 0) return false
    this.#on.data(this.#rest.subarray(0, size))
    this.#rest = this.#rest.subarray(size)
    this.#left -= size
    if (this.#state === 'chunk' && this.#left === 0) this.#state = 'chunk-end'
    if (this.#state === 'length' && this.#left === 0) this.#finish()
    return true
  }

  #finish(): void {
    this.#state = 'done'
    this.#on.end()
  }
}

function parseHead(text: string): ResponseHead {
  const [statusLine = '', ...lines] = text.split('\r\n')
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(statusLine)?.[1]
  if (!status) throw invalid(statusLine.slice(0, 80))
  const headers = lines.map(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  return { status: Number(status), headers: new Map(headers) }
}

const invalid = (what: string) => new TscomposeError('ENGINE_ANSWER_INVALID', `this is no answer of an engine: ${what}`)
