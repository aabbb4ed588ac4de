/**
 * Others' forward chains. Where one drops what it does not know (Docker, or an administrator's FORWARD policy), no
 * table of ours can undo that: an accept ends only the chain it stands in. So two rules for each of our names go to the
 * head of that chain; of Docker's into DOCKER-USER, which Docker leaves alone.
 */

type Json = Readonly<Record<string, unknown>>

export interface Chain {
  readonly family: string
  readonly table: string
  readonly name: string
}

interface ListedChain extends Chain {
  readonly hook?: string
  readonly policy?: string
}

/** Where accept rules belong, of what `list chains` says. */
export function chainsToOpen(listing: readonly Json[], ownTables: string): readonly Chain[] {
  const chains = listing.flatMap(item => (item.chain ? [item.chain as ListedChain] : []))
  return chains
    .filter(
      ({ hook, policy, family }) => hook === 'forward' && policy === 'drop' && ['ip', 'ip6', 'inet'].includes(family),
    )
    .filter(({ table }) => !table.startsWith(ownTables))
    .map(({ family, table, name }) => {
      const isDockers = chains.some(
        chain => chain.family === family && chain.table === table && chain.name === 'DOCKER-USER',
      )
      return { family, table, name: isDockers ? 'DOCKER-USER' : name }
    })
}

/** Text that lets a device (a `*` at the end of its name stands for any rest) through. */
export const acceptRules = ({ family, table, name }: Chain, device: string, comment: string): string =>
  ['iifname', 'oifname']
    .map(direction => `insert rule ${family} ${table} ${name} ${direction} "${device}" accept comment "${comment}"\n`)
    .join('')

interface ListedRule extends Omit<Chain, 'name'> {
  readonly chain: string
  readonly handle: number
  readonly comment?: string
}

/** The rules whose comment satisfies `isOurs`, of what `list chain` or `list ruleset` says. */
export const rulesOf = (listing: readonly Json[], isOurs: (comment: string) => boolean): readonly ListedRule[] =>
  listing
    .flatMap(item => (item.rule ? [item.rule as ListedRule] : []))
    .filter(({ comment }) => comment !== undefined && isOurs(comment))

export const deleteRules = (rules: readonly ListedRule[]): string =>
  rules.map(({ family, table, chain, handle }) => `delete rule ${family} ${table} ${chain} handle ${handle}\n`).join('')
