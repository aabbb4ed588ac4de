import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, newMachine, skip } from './machine.ts'

const serve = (word: string, port = 80) =>
  `command: [busybox, nc, -ll, -p, '${port}', -e, /bin/echo, ${word}]\n    image: rootfs:/`

/** What is said at a port of the host; the empty text if nobody answers. */
const ask = `busybox nc -w 1 127.0.0.1`

test('networks and ports of a project that runs', { skip }, async t => {
  const machine = await newMachine(t)
  const [one, two] = [await freePort(), await freePort()]
  const yaml = ({ port = one, tier = 'front' } = {}) => `
services:
  web:
    ${serve('hello')}
    ports: ["127.0.0.1:${port}:80"]
    networks: {front: {aliases: [shop], ipv4_address: 10.231.7.80}, back: {}}
  db:
    image: rootfs:/
    command: [sleep, '1000']
    hostname: store
    domainname: example.test
    extra_hosts: ["gate=host-gateway", "fixed=192.0.2.1"]
    dns_search: [example.test]
    networks:
      back: {interface_name: lan0, link_local_ips: [169.254.8.8], mac_address: 02:00:00:00:00:99, priority: 5}
networks:
  front: {ipam: {config: [{subnet: 10.231.7.0/24}]}, labels: {tier: ${tier}}}
  back: {internal: true}
`
  const cwd = await machine.project('net', { 'compose.yaml': yaml() })
  machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
  const up = async (file: string) => {
    await writeFile(join(cwd, 'compose.yaml'), file)
    const { code, stderr } = await machine.run(['up', '-d'], { cwd })
    assert.equal(code, 0, stderr)
    return stderr
  }
  const idOf = (service: string) => machine.ok(['ps', '-q', '--no-trunc', service], { cwd })
  const inside = async (command: string) =>
    (await machine.run(['exec', '-T', 'db', 'sh', '-c', command], { cwd })).stdout
  const onHost = async (port: number) =>
    (await import('node:child_process')).spawnSync('sh', ['-c', `${ask} ${port}`], { encoding: 'utf8' }).stdout

  await up(yaml())
  const web = await idOf('web')

  await t.test('a service is what its file says on each of its networks', async () => {
    const until = async (command: string) => {
      for (let i = 0; i < 100; i++) {
        const said = await inside(command)
        if (said) return said
      }
      return ''
    }
    assert.equal(await until('busybox nc -w 1 web 80'), 'hello\n')
    assert.match(await inside('ip address show lan0'), /02:00:00:00:00:99.*inet 169\.254\.8\.8\/16/s)
    assert.match(await inside('cat /etc/hosts'), /192\.0\.2\.1\tfixed\n/)
    assert.match(await inside('cat /etc/hosts'), /\tstore\.example\.test store\n/)
    assert.match(await inside('cat /etc/resolv.conf'), /^nameserver 127\.0\.0\.11\nsearch example\.test\n/)
    assert.equal(await inside('getent hosts shop || echo nobody'), 'nobody\n', 'an alias is of its network only')
    assert.match(await inside('getent hosts gate'), /\d+\.\d+\.\d+\.1 /)
  })

  await t.test('other ports: the container stays', async () => {
    assert.equal(await onHost(one), 'hello\n')
    const stderr = await up(yaml({ port: two }))
    assert.match(stderr, /Container net-web-1 Published/)
    assert.equal(await idOf('web'), web)
    assert.equal(await onHost(two), 'hello\n')
    assert.equal(await onHost(one), '')
    assert.match(await machine.ok(['port', 'web', '80'], { cwd }), new RegExp(`127\\.0\\.0\\.1:${two}`))
    assert.doesNotMatch(await up(yaml({ port: two })), /Published/, 'and that is that')
  })

  await t.test('a network that is another one now is made anew, and the containers on it stay', async () => {
    const before = await machine.ok(['network', 'inspect', '-f', '{{.Id}}', 'net_front'])
    await up(yaml({ port: two, tier: 'rear' }))
    assert.notEqual(await machine.ok(['network', 'inspect', '-f', '{{.Id}}', 'net_front']), before)
    assert.equal(await idOf('web'), web)
    for (let i = 0; (await onHost(two)) !== 'hello\n'; i++) assert.ok(i < 100, 'it answers again')
  })

  await t.test('networks by hand, with the words of docker', async () => {
    assert.match(await machine.ok(['network', 'ls']), /^NETWORK ID +NAME +DRIVER +SCOPE\n.*net_back +bridge +local/s)
    assert.equal(
      await machine.ok(['network', 'ls', '--filter', 'label=tier=rear', '--format', '{{.Name}}']),
      'net_front\n',
    )
    await machine.ok(['network', 'create', '--label', 'a=b', 'extra'])
    await machine.ok(['network', 'connect', '--alias', 'other', '--ip6', '', 'extra', 'net-db-1'])
    await machine.ok(['network', 'connect', 'extra', 'net-web-1'])
    assert.match(await inside('getent hosts net-web-1.extra'), /net-web-1/)
    const [{ Containers }] = JSON.parse(await machine.ok(['network', 'inspect', 'extra']))
    assert.equal(Object.keys(Containers).length, 2)
    const refused = await machine.run(['network', 'rm', 'extra'])
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /network extra has active endpoints \(net-(db|web)-1, net-(db|web)-1\)/)
    for (const name of ['net-db-1', 'net-web-1']) await machine.ok(['network', 'disconnect', 'extra', name])
    assert.match(await machine.ok(['network', 'prune', '-f']), /^Deleted Networks:\nextra\n/)
    const subnets = ['10.231.8.0/24', '10.231.9.0/24'].flatMap(subnet => ['--subnet', subnet])
    const mode = 'com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected'
    await machine.ok(['network', 'create', ...subnets, '--gateway', '10.231.9.99', '-o', mode, 'wide'])
    await machine.ok(['network', 'connect', '--ip', '10.231.9.7', 'wide', 'net-db-1'])
    await machine.ok(['network', 'connect', 'wide', 'net-web-1'])
    assert.match(await inside('getent hosts net-web-1.wide'), /^10\.231\.8\.2 /, 'the first of the first subnet')
    const gateways = '{{range .IPAM.Config}}{{.Gateway}} {{end}}'
    assert.equal(await machine.ok(['network', 'inspect', '-f', gateways, 'wide']), '10.231.8.1 10.231.9.99 \n')
    for (const name of ['net-db-1', 'net-web-1']) await machine.ok(['network', 'disconnect', 'wide', name])
    await machine.ok(['network', 'rm', 'wide'])
    const overlay = await machine.run(['network', 'create', '-d', 'overlay', 'x'])
    assert.match(overlay.stderr, /network driver "overlay" needs a Swarm cluster/)
  })
})
