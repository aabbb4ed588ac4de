import './own-host.ts'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Backend, Firewalld, Ufw } from './foreign-firewall.ts'
import { ask, hostAddress, Machine, outsideAddress, port, sh, shell } from './machine.ts'

/** As sets: a firewall that is restarted writes its own in another order. Counters differ. */
const rules = () =>
  sh('nft list ruleset; iptables-legacy-save 2>/dev/null; ip6tables-legacy-save 2>/dev/null; true')
    .replace(/counter packets \d+ bytes \d+|^[:#].*/gm, '')
    .split('\n')
    .sort()
const settings = () =>
  sh('sysctl -a -r ^net 2>/dev/null || true')
    .split('\n')
    .filter(line => !line.includes('nf_conntrack_count'))

/** What is in one and not in the other. */
const difference = (before: readonly string[], after: readonly string[]) => ({
  gone: before.filter(line => !after.includes(line)),
  more: after.filter(line => !before.includes(line)),
})
const none = { gone: [], more: [] }

/**
 * Asserts that everything is reached that should be, before and after a firewall has made its rules anew, and that these
 * hold and are afterwards what they were.
 */
export async function assertPeaceWith(Firewall: typeof Firewalld | typeof Ufw, backend: Backend): Promise<void> {
  await using machine = await Machine.start()
  await using firewall = new Firewall(join(machine.root, 'firewall'), backend)
  await firewall.start()
  await firewall.restart() // after which there are more rules of its own
  const before = { rules: rules(), settings: settings() }

  const net = await machine.network('ours')
  const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
  await machine.serve(web, 'web', 80)
  await machine.serve('outside', 'outside', 80)
  await machine.serve('host', 'host', 9999)
  const reached = async () => (await machine.fromOutside(ask(hostAddress, 8080))).startsWith('web ')
  const all = async (when: string) => {
    const other = await machine.sandbox('other', [net])
    assert.ok(await reached(), `${when}: from outside`)
    assert.match(await shell(ask('127.0.0.1', 8080)), /^web /, `${when}: from the host`)
    assert.match(await machine.in(other, ask('web', 80)), /^web /, `${when}: by name`)
    assert.match(await machine.in(other, ask(hostAddress, 8080)), /^web /, `${when}: hairpin`)
    assert.equal(await machine.in(other, ask(outsideAddress, 80)), `outside ${hostAddress}\n`, `${when}: out`)
    assert.equal(await machine.fromOutside(ask(hostAddress, 9999)), '', `${when}: its own rules`)
    await machine.networks.removeSandbox(other.containerId)
  }
  await all('it was here before')
  await firewall.reload()
  await all('reloaded')
  await firewall.restart()
  await all('restarted')
  await machine.networks.removeSandbox(web.containerId)
  await machine.networks.removeNetwork(net.id)
  assert.deepEqual(difference(before.rules, rules()), none)
  assert.deepEqual(difference(before.settings, settings()), none)
}
