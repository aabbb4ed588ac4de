import { readFileSync, statSync } from 'node:fs'
import { parseResolvConf, type ResolvConf } from './resolv-conf.ts'

const systemConf = '/etc/resolv.conf'
/** Where systemd-resolved lists the servers behind its stub. */
const resolvedConf = '/run/systemd/resolve/resolv.conf'
const resolvedStub = '127.0.0.53'

/**
 * The resolvers of the host, as they are now (a VPN comes and goes). Of systemd-resolved its stub comes first: it knows
 * which server serves which domain, and answers here since queries are passed on from the host's namespace. The servers
 * behind it follow, for the case that it does not answer.
 */
export class HostResolvers {
  #state = ''
  #servers: readonly string[] = []

  servers(): readonly string[] {
    const state = [systemConf, resolvedConf].map(modified).join()
    if (state !== this.#state) {
      const own = nameserversOf(systemConf)
      const behind = own.includes(resolvedStub) ? nameserversOf(resolvedConf) : []
      this.#servers = [...own, ...behind]
      this.#state = state
    }
    return this.#servers
  }
}

const modified = (file: string) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0

const nameserversOf = (file: string): readonly string[] => readResolvConf(file).nameservers

/** What the host's resolv.conf says; of a host without one: nothing. */
export function readResolvConf(file = systemConf): ResolvConf {
  try {
    return parseResolvConf(readFileSync(file, 'utf8'))
  } catch {
    return parseResolvConf('')
  }
}
