import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, imageArchives, newMachine, resultOf, skip } from './machine.ts'

const docker = '/usr/bin/docker'

test('the engine on the network', {
  skip: skip || (spawnSync(docker, ['--version']).status !== 0 && 'needs docker'),
}, async t => {
  const port = await freePort()
  const host = `tcp://127.0.0.1:${port}`
  const machine = await newMachine(t)
  const dir = await machine.project('certificates', {
    'server.ext': 'subjectAltName=IP:127.0.0.1\n',
    'client.ext': 'extendedKeyUsage=clientAuth\n',
  })
  const file = (name: string) => join(dir, name)
  makeCertificates(dir)
  const configure = (config: Record<string, unknown>) =>
    writeFileSync(machine.env.TSCOMPOSE_CONFIG ?? '', JSON.stringify({ hosts: [host], ...config }))
  const tls = {
    tlsverify: true,
    tlscacert: file('ca.pem'),
    tlscert: file('server.pem'),
    tlskey: file('server-key.pem'),
  }

  await t.test('without TLS that verifies clients it does not start', async () => {
    for (const [config, message] of [
      [{}, /"hosts" without TLS/],
      [{ ...tls, tlsverify: false }, /"hosts" without TLS/],
      [{ ...tls, tlscacert: '' }, /"hosts" without TLS/],
      [{ ...tls, tlskey: file('no.pem') }, /"tlskey": ENOENT/],
      [{ ...tls, tlskey: file('client-key.pem') }, /no certificate and its key/],
      [{ ...tls, hosts: ['127.0.0.1:2375'] }, /"hosts" must be/],
    ] as const) {
      configure(config)
      const { code, stderr } = await machine.run(['engine', 'start'])
      assert.notEqual(code, 0)
      assert.match(stderr, message)
    }
  })

  configure(tls)
  await machine.ok(['engine', 'start'])
  await machine.ok(['image', 'load', '-i', imageArchives('busybox')[0] ?? ''])
  const env = { PATH: process.env.PATH, HOME: machine.dir, DOCKER_BUILDKIT: '1', BUILDKIT_PROGRESS: 'plain' }
  const client = (name: string, args: readonly string[], input = '') => {
    const flags = [
      '--tlsverify',
      '--tlscacert',
      file('ca.pem'),
      '--tlscert',
      file(`${name}.pem`),
      '--tlskey',
      file(`${name}-key.pem`),
    ]
    const child = spawn(docker, ['-H', host, ...flags, ...args], { env, timeout: 60_000 })
    child.stdin.end(input)
    return resultOf(child)
  }

  await t.test('docker with a certificate does all it does at the socket, streams included', async () => {
    const { code, stdout, stderr } = await client(
      'client',
      ['run', '--rm', '-i', 'busybox', 'sh', '-c', 'cat; echo err >&2; exit 7'],
      'in',
    )
    assert.deepEqual([code, stdout, stderr], [7, 'in', 'err\n'])
    const built = await client('client', ['build', '-'], 'FROM busybox\nRUN echo from afar\n')
    assert.equal(built.code, 0, built.stderr)
    assert.match(built.stdout + built.stderr, / from afar$/m)
  })

  await t.test('nobody else gets a word', async () => {
    const rogue = await client('rogue', ['version'])
    assert.notEqual(rogue.code, 0)
    assert.doesNotMatch(rogue.stdout, /Server/)
    for (const args of [
      [`http://127.0.0.1:${port}/_ping`],
      ['--cacert', file('ca.pem'), `https://127.0.0.1:${port}/_ping`],
    ]) {
      const { code, stdout } = await resultOf(spawn('curl', ['-sS', ...args]))
      assert.notEqual(code, 0)
      assert.equal(stdout, '')
    }
    const known = ['--cacert', file('ca.pem'), '--cert', file('client.pem'), '--key', file('client-key.pem')]
    assert.equal((await resultOf(spawn('curl', ['-sS', ...known, `https://127.0.0.1:${port}/_ping`]))).stdout, 'OK')
  })

  await t.test('it stays when it is idle, and ends when it is told to', async () => {
    assert.match((await client('client', ['info', '-f', '{{.ServerVersion}}'])).stdout, /^\d/)
    await machine.ok(['engine', 'stop'])
    assert.notEqual((await client('client', ['version'])).code, 0)
  })
})

/** An authority, a server and a client that it has signed, and a client of another authority. */
function makeCertificates(cwd: string): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc']
  const authority = (name: string) =>
    openssl('req', '-x509', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}-key.pem`, '-out', `${name}.pem`)
  const signed = (name: string, by: string, extensions: string) => {
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}-key.pem`, '-out', `${name}.csr`)
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${by}.pem`,
      '-CAkey',
      `${by}-key.pem`,
      '-out',
      `${name}.pem`,
      '-extfile',
      extensions,
    )
  }
  authority('ca')
  authority('other')
  signed('server', 'ca', 'server.ext')
  signed('client', 'ca', 'client.ext')
  signed('rogue', 'other', 'client.ext')
}
