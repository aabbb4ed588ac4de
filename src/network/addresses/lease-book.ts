import { readFileSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Family } from './address.ts'
import { type AddressRequest, type ChosenAddress, chooseAddress } from './leases.ts'

/** The file: the format's version, and for each family who had which address, the least recently used first. */
interface LeaseFile {
  readonly version: 1
  readonly ipv4: readonly (readonly [key: string, address: string])[]
  readonly ipv6: readonly (readonly [key: string, address: string])[]
}

/** Long enough for all containers of an `up` to come together. */
const writeBehindMs = 200

const leaseFile = (dataDir: string, networkId: string): string => join(dataDir, `${networkId}.json`)

/**
 * The addresses of one network: which are in use (known in memory, from the endpoints that exist) and who had which
 * (kept in a file). Leases are a preference, not a reservation, so no container waits for the disk: the file is written
 * behind, and of changes that come together once.
 */
export class LeaseBook {
  readonly #file: string
  readonly #leases: Record<Family, Map<string, string>>
  readonly #inUse = new Map<string, string>()
  #written: Promise<void> = Promise.resolve()
  #due: NodeJS.Timeout | undefined

  /** Reads what an earlier engine has left; a file that is missing or damaged is as good as an empty one. */
  constructor(dataDir: string, networkId: string) {
    this.#file = leaseFile(dataDir, networkId)
    const { ipv4, ipv6 } = readLeases(this.#file)
    this.#leases = { 4: new Map(ipv4), 6: new Map(ipv6) }
  }

  /**
   * Takes an address for the endpoint of `holder` (a container's name, for messages).
   * @throws TscomposeError as chooseAddress()
   */
  take(
    family: Family,
    request: Pick<AddressRequest, 'subnets' | 'key' | 'wanted'> & { readonly holder: string },
  ): ChosenAddress {
    const chosen = chooseAddress({ ...request, inUse: this.#inUse, leases: this.#leases[family] })
    this.use(family, { ...request, address: chosen.address })
    return chosen
  }

  /** An address that is in use already, of an endpoint that is taken over. */
  use(family: Family, { key, address, holder }: { key: string; address: string; holder: string }): void {
    const leases = this.#leases[family]
    for (const [other, leased] of leases) if (leased === address && other !== key) leases.delete(other)
    leases.delete(key) // and to the end: most recently used
    leases.set(key, address)
    this.#inUse.set(address, holder)
    this.#save()
  }

  /** The address is free; whoever had it gets it again as long as it is. */
  release(address: string): void {
    this.#inUse.delete(address)
  }

  /** Resolves when the file holds what is known. */
  async flush(): Promise<void> {
    if (this.#due) this.#write()
    await this.#written
  }

  /** Forgets everything: the network is no more. */
  async remove(): Promise<void> {
    clearTimeout(this.#due)
    this.#due = undefined
    await this.#written
    await rm(this.#file, { force: true })
  }

  #save(): void {
    this.#due ??= setTimeout(() => this.#write(), writeBehindMs).unref()
  }

  #write(): void {
    clearTimeout(this.#due)
    this.#due = undefined
    this.#written = this.#written.then(async () => {
      const content: LeaseFile = { version: 1, ipv4: [...this.#leases[4]], ipv6: [...this.#leases[6]] }
      // A disk that is full must not take the engine down for the sake of a preference.
      await writeAtomically(this.#file, `${JSON.stringify(content)}\n`).catch(() => {})
    })
  }
}

function readLeases(file: string): Pick<LeaseFile, 'ipv4' | 'ipv6'> {
  try {
    const content = JSON.parse(readFileSync(file, 'utf8')) as LeaseFile
    if (content.version === 1) return content
  } catch {
    // missing or damaged
  }
  return { ipv4: [], ipv6: [] }
}

async function writeAtomically(file: string, content: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.new`
  {
    await using handle = await open(temporary, 'w', 0o600)
    await handle.writeFile(content)
    await handle.sync()
  }
  await rename(temporary, file)
}
