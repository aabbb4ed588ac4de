import { test } from 'node:test'
import { assertPeaceWith } from './behind-firewall.ts'
import { Firewalld, without } from './foreign-firewall.ts'
import { skip } from './machine.ts'

for (const backend of ['nftables', 'iptables-nft', 'iptables-legacy'] as const)
  test(
    `behind firewalld by ${backend}, also when it is restarted: everything is reached, and its rules hold`,
    {
      skip: skip || without('firewalld', 'iptables-legacy', 'dbus-daemon'),
    },
    () => assertPeaceWith(Firewalld, backend),
  )
