import { closeSync, openSync } from 'node:fs'
import { TscomposeError } from '../../errors.ts'
import { addressOf, foreign, openLibrary, stringAt } from '../../sys/ffi.ts'
import { foreignInPool } from '../../sys/pool.ts'

const NFT_CTX_OUTPUT_HANDLE = 1 << 3
const NFT_CTX_OUTPUT_JSON = 1 << 4

/** The functions used, by their names in libnftables(3). */
function bind() {
  openLibrary('nftables', ['libnftables.so.1'], 'libnftables1')
  const of = (name: string, arity: number) => foreign('nftables', `nft_ctx_${name}`, arity)
  return {
    new: of('new', 1),
    free: foreignInPool('nftables', 'nft_ctx_free', 1),
    bufferOutput: of('buffer_output', 1),
    bufferError: of('buffer_error', 1),
    outputBuffer: of('get_output_buffer', 1),
    errorBuffer: of('get_error_buffer', 1),
    setFlags: of('output_set_flags', 2),
    run: foreignInPool('nftables', 'nft_run_cmd_from_buffer', 2),
  }
}
let library: ReturnType<typeof bind> | undefined

/**
 * The library waits for its socket with select(2), which ends the process when a descriptor is 1024 or more. So some low
 * descriptors are kept free for it; more than one, since other threads open files too.
 */
const reserved: number[] = []

function reserve(): void {
  try {
    while (reserved.length < 8) reserved.push(openSync('/dev/null', 'r'))
  } catch {
    // No further file may be opened now: then with as many as there are.
  }
}

function giveRoom(): void {
  for (const fd of reserved.splice(0)) closeSync(fd) // once: a moment later the number is another's
}

reserve()

/**
 * The library behind nft(8). A command text is one transaction: all of it takes effect, or nothing. Commands follow each
 * other.
 */
export class Nftables implements Disposable {
  readonly #nft: ReturnType<typeof bind>
  readonly #context: number
  #idle: Promise<unknown> = Promise.resolve()

  constructor() {
    library ??= bind()
    this.#nft = library
    giveRoom()
    this.#context = this.#nft.new(0).value
    reserve()
    this.#nft.bufferOutput(this.#context)
    this.#nft.bufferError(this.#context)
  }

  /** @throws TscomposeError NETWORK_FIREWALL_FAILED */
  async run(commands: string): Promise<void> {
    await this.#inTurn(() => this.#run(commands, 0))
  }

  /** The answer to a `list` command in the format of libnftables-json(5), with handles. */
  async list(command: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const text = await this.#inTurn(() => this.#run(command, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE))
    return text === '' ? [] : (JSON.parse(text) as { nftables: Record<string, unknown>[] }).nftables
  }

  async #run(commands: string, flags: number): Promise<string> {
    const text = Buffer.from(`${commands}\0`)
    this.#nft.setFlags(this.#context, flags)
    const { value } = await this.#nft.run(this.#context, addressOf(text))
    // The result is an int, so only the lower half of the word says anything.
    if ((value | 0) !== 0) {
      const reason = stringAt(this.#nft.errorBuffer(this.#context).value).trim()
      throw new TscomposeError('NETWORK_FIREWALL_FAILED', `nft: ${reason || text.toString('utf8', 0, 200)}`)
    }
    return stringAt(this.#nft.outputBuffer(this.#context).value)
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#idle.then(task)
    this.#idle = result.catch(() => {})
    return result
  }

  /** Nobody waits for this: closing its socket waits until all that was ever deleted by it is out of use, for 7 ms. */
  [Symbol.dispose](): void {
    void this.#inTurn(() => this.#nft.free(this.#context))
  }
}
