import { AsyncLocalStorage } from 'node:async_hooks'
import { TscomposeError } from './errors.ts'

/** Who is offline, in words: all that is done for him is, whichever functions it goes through. */
const scope = new AsyncLocalStorage<string>()

/** Set for a command by `--offline`, too. */
export const OFFLINE_VARIABLE = 'TSCOMPOSE_OFFLINE'

/** Does work that may ask nobody outside this machine. @param who `the engine`, as messages call whose wish that is */
export const offline = <T>(who: string, work: () => T): T => scope.run(who, work)

/** Whose wish it is that nobody outside is asked; undefined if it is nobody's. */
export const offlineWish = (): string | undefined =>
  scope.getStore() ?? (/^(1|t|true)$/i.test(process.env[OFFLINE_VARIABLE] ?? '') ? 'this command' : undefined)

/**
 * To be called by whatever is about to connect to a registry, a git server or a URL of a user's. What programs in
 * containers do is theirs.
 * @param what is asked, as messages name it
 * @throws TscomposeError OFFLINE
 */
export function assertOnline(what: string): void {
  const who = offlineWish()
  if (who === undefined) return
  throw new TscomposeError('OFFLINE', `${what} is not asked: ${who} is offline`, {
    fix: 'That is what --offline, TSCOMPOSE_OFFLINE or "offline" in the configuration say. Images can be loaded from archives: tscompose image load.',
  })
}
