import './own-host.ts'
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Sandbox } from '../../src/network/network.ts'
import { addressOf, Machine, skip } from './machine.ts'
import { upstream } from './upstream.ts'

// The two C libraries of images do not look up names alike: Debian's (glibc) and Alpine's (musl).

for (const [libc, compiler] of Object.entries({ glibc: 'cc', musl: 'musl-gcc' }))
  test(`names as programs with ${libc} look them up`, {
    skip: skip || (spawnSync(compiler, ['--version']).status !== 0 && `needs ${compiler}`),
  }, async () => {
    await using machine = await Machine.start()
    const program = join(machine.root, 'resolve')
    execFileSync(compiler, ['-o', program, new URL('resolve.c', import.meta.url).pathname])
    const look = async (from: Sandbox, ...names: string[]): Promise<Record<string, string[]>> =>
      Object.fromEntries(
        (await machine.in(from, `${program} ${names.join(' ')}`))
          .trim()
          .split('\n')
          .map(line => line.split(': '))
          .map(([name = '', found = '']) => [name, found.split(' ')]),
      )
    const [four, both] = [await machine.network('four'), await machine.network('both', { enableIPv6: true })]
    const web = await machine.sandbox('shop-web-1', [[four, { dnsNames: ['web', 'WWW', 'my_web'] }]])
    const db = await machine.sandbox('shop-db-1', [[both, { dnsNames: ['db'] }]])
    const dns = { servers: ['192.0.2.200'], search: ['corp.example'], options: [] }
    const client = await machine.sandbox('client', [four, both], { dns })
    await using server = await upstream('192.0.2.200')

    const found = await look(client, 'web', 'WEB', 'www', 'my_web', 'web.four', 'web.', 'db')
    for (const name of ['web', 'WEB', 'www', 'my_web', 'web.four', 'web.'])
      assert.deepEqual(found[name], [addressOf(web)], name)
    const { ipv4Address, ipv6Address } = db.endpoints[0] ?? {}
    assert.deepEqual(found.db?.toSorted(), [ipv4Address, ipv6Address].toSorted(), 'of both families')
    assert.equal(server.asked.join(), '')

    assert.deepEqual(await look(client, 'example.com'), { 'example.com': ['203.0.113.1'] })
    assert.ok(server.asked.includes('udp A example.com'))
    assert.ok(!server.asked.some(question => question.endsWith(' web')))
    const lonely = await machine.sandbox('lonely', [four], { dns: { ...dns, search: ['.'] } })
    server.asked.length = 0
    assert.deepEqual(await look(lonely, 'nobody'), { nobody: ['EAI_NONAME'] })
    assert.equal(server.asked.join(), '', 'a name without a dot is nobody else’s business')

    await Promise.all(
      Array.from({ length: 40 }, (_, index) => machine.sandbox(`many-${index}`, [[four, { dnsNames: ['many'] }]])),
    )
    const many = (await look(client, 'many')).many ?? []
    // glibc asks by TCP what does not fit; musl 1.2.3 makes do with what does.
    assert.ok(new Set(many).size >= (libc === 'glibc' ? 40 : 25), `${many.length}`)
    for (const address of many) assert.match(address, /^\d+\.\d+\.\d+\.\d+$/)
  })
