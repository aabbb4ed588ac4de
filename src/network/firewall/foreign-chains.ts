/**
 * Others' forward chains. Where one drops what it does not know (Docker, ufw, firewalld, or an administrator's), no table of ours can undo that: an accept ends only the chain it stands in. So two rules for each of our names
 * go to the head of that chain; of Docker's into DOCKER-USER, which Docker leaves alone.
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

/** A chain that needs rules of ours, and for which way of a packet. */
export interface ChainToOpen extends Chain {
  readonly ways: readonly ('iifname' | 'oifname')[]
  /** Only if this chain ends with a rule that drops everything: its policy does not. */
  readonly ifShutBy?: Chain
}

/** Where accept rules belong, of what `list chains` says. */
export function chainsToOpen(listing: readonly Json[], ownTables: string): readonly ChainToOpen[] {
  const chains = listing
    .flatMap(item => (item.chain ? [item.chain as ListedChain] : []))
    .filter(({ table, family }) => !table.startsWith(ownTables) && ['ip', 'ip6', 'inet'].includes(family))
  return chains.flatMap(({ hook, policy, family, table, name }): ChainToOpen[] => {
    // firewalld rejects at the end of its chains. Like Docker's bridges, ours may talk to the host.
    if (table === 'firewalld' && family === 'inet' && hook === 'input')
      return [{ family, table, name, ways: ['iifname'] }]
    if (hook !== 'forward') return []
    const isDockers = chains.some(
      chain => chain.family === family && chain.table === table && chain.name === 'DOCKER-USER',
    )
    const open = { family, table, name: isDockers ? 'DOCKER-USER' : name, ways: ['iifname', 'oifname'] } as const
    return [policy === 'drop' || table === 'firewalld' ? open : { ...open, ifShutBy: { family, table, name } }]
  })
}

/** Whether the last rule of a chain drops or rejects whatever comes there, of what `list chain` says. */
export function isShut(listing: readonly Json[]): boolean {
  const last = listing.findLast(item => item.rule)?.rule as { readonly expr?: readonly Json[] } | undefined
  const steps = last?.expr?.filter(step => !('counter' in step || 'log' in step)) ?? []
  const [step = {}] = steps
  const target = (step.xt as { readonly name?: string } | undefined)?.name // of iptables-nft(8)
  return steps.length === 1 && ('drop' in step || 'reject' in step || target === 'REJECT' || target === 'DROP')
}

/** Text that lets a device (a `*` at the end of its name stands for any rest) through. */
export const acceptRules = ({ family, table, name, ways }: ChainToOpen, device: string, comment: string): string =>
  ways.map(way => `insert rule ${family} ${table} ${name} ${way} "${device}" accept comment "${comment}"\n`).join('')

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
