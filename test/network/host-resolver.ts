import './own-host.ts'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { addressOf, Machine } from './machine.ts'
import { upstream } from './upstream.ts'

// To be run where /etc/resolv.conf and /run/systemd/resolve are not those of the machine: see host-resolver.test.ts.

await using machine = await Machine.start()
const net = await machine.network('front')
const nobody = 'nobody'
const resolvConf = (text: string) => writeFileSync('/etc/resolv.conf', text)
const lookUp = async (sandbox: Awaited<ReturnType<typeof machine.sandbox>>, name: string) =>
  (await machine.in(sandbox, `getent ahostsv4 ${name} || echo ${nobody}`)).split(/\s/)[0]

// Behind systemd-resolved: its stub on the host's loopback device is asked, which knows what belongs to which VPN.
resolvConf('nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch corp.example\n')
writeFileSync('/run/systemd/resolve/resolv.conf', 'nameserver 192.0.2.210\n')
const web = await machine.sandbox('web', [net])
assert.equal(web.resolvConf, 'nameserver 127.0.0.11\nsearch corp.example\noptions edns0 trust-ad ndots:0\n')
{
  await using stub = await upstream('127.0.0.53')
  await using behind = await upstream('192.0.2.210')
  assert.equal(await lookUp(web, 'example.com'), '203.0.113.1')
  assert.deepEqual(stub.asked, ['udp A example.com'])
  assert.deepEqual(behind.asked, [])
  // A short name goes out only with a search domain, which makes it one of somebody else's.
  assert.equal(await lookUp(web, 'wiki'), '203.0.113.1')
  assert.deepEqual(stub.asked.slice(1), ['udp A wiki.corp.example'])
  assert.equal(await lookUp(web, 'web'), addressOf(web))
  assert.equal(stub.asked.length, 2, 'and our own names never do')
}
{
  await using behind = await upstream('192.0.2.210')
  assert.equal(await lookUp(web, 'example.org'), '203.0.113.1', 'the stub does not answer')
  assert.deepEqual(behind.asked, ['udp A example.org'])
}

// A VPN comes: the container that runs asks the new server.
resolvConf('nameserver 192.0.2.220\n')
{
  await using vpn = await upstream('192.0.2.220')
  assert.equal(await lookUp(web, 'example.net'), '203.0.113.1')
  assert.deepEqual(vpn.asked, ['udp A example.net'])
}

// Offline: names of others fail at once, our own are found.
resolvConf('')
assert.equal(await lookUp(web, 'example.com'), nobody)
assert.equal(await lookUp(web, 'web'), addressOf(web))
resolvConf('nameserver 192.0.2.230\n') // nobody is there
assert.equal(await lookUp(web, 'web'), addressOf(web))
