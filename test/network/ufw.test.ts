import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertPeaceWith } from './behind-firewall.ts'
import { Ufw, without } from './foreign-firewall.ts'
import { ask, hostAddress, Machine, port, skip } from './machine.ts'

for (const backend of ['iptables-nft', 'iptables-legacy'] as const)
  test(
    `behind ufw by ${backend}, also when it is restarted: everything is reached, and its rules hold`,
    {
      skip: skip || without('ufw', 'iptables-legacy', 'dbus-daemon'),
    },
    () => assertPeaceWith(Ufw, backend),
  )

for (const backend of ['iptables-nft', 'iptables-legacy'] as const)
  test(`a firewall by ${backend} that is reloaded while no container comes lets ours through again by itself`, {
    skip: skip || without('ufw', 'iptables-legacy'),
  }, async () => {
    await using machine = await Machine.start()
    await using firewall = new Ufw(join(machine.root, 'ufw'), backend)
    await firewall.start()
    const net = await machine.network('ours')
    const web = await machine.sandbox('web', [net], { publish: [port(80, 8080)] })
    await machine.serve(web, 'web', 80)
    await firewall.reload()
    for (let i = 0; !(await machine.fromOutside(ask(hostAddress, 8080))); i++) {
      assert.ok(i < 40, 'still shut out')
      await sleep(100)
    }
  })
