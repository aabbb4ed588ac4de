import { testBehind } from './behind-firewall.ts'
import { Firewalld } from './foreign-firewall.ts'

for (const backend of ['nftables', 'iptables-nft', 'iptables-legacy'] as const)
  testBehind('firewalld', Firewalld, backend)
