import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultConfig, parseEngineConfig, readEngineConfig } from '../../src/engine/config.ts'

const code = 'ENGINE_CONFIG_INVALID'

test("an empty object leaves every default, and our own init is on by default, other than Docker's", () => {
  assert.deepEqual(parseEngineConfig('{}', 'f'), defaultConfig)
  assert.equal(defaultConfig.init, true)
})

test("the keys are those of Docker's daemon.json", () => {
  const config = parseEngineConfig(
    JSON.stringify({
      'registry-mirrors': ['http://127.0.0.1:5000'],
      'default-address-pools': [{ base: '10.200.0.0/16', size: 24 }],
      'log-opts': { 'max-size': '1m' },
      'default-shm-size': '128M',
      'default-ulimits': { nofile: { Name: 'nofile', Soft: 10, Hard: 20 } },
      init: false,
    }),
    'f',
  )
  assert.deepEqual(config.registryMirrors, ['http://127.0.0.1:5000'])
  assert.deepEqual(config.defaultAddressPools, [{ base: '10.200.0.0/16', size: 24 }])
  assert.deepEqual(config.logOpts, { 'max-size': '1m' })
  assert.equal(config.defaultShmSize, 128 * 2 ** 20)
  assert.deepEqual(config.defaultUlimits, [{ Name: 'nofile', Soft: 10, Hard: 20 }])
  assert.equal(config.init, false)
})

test('an unknown key is an error that says what was probably meant', () => {
  assert.throws(() => parseEngineConfig('{"registry-mirror": []}', '/etc/x.json'), {
    code,
    message: '/etc/x.json: unknown key "registry-mirror"',
    fix: 'Did you mean "registry-mirrors"?',
  })
})

test('a port without TLS that verifies its clients is refused', () => {
  const tls = { tlsverify: true, tlscacert: 'a', tlscert: 'b', tlskey: 'c' }
  const hosts = ['tcp://127.0.0.1:2376']
  assert.deepEqual(parseEngineConfig(JSON.stringify({ hosts, ...tls }), 'f').hosts, hosts)
  for (const without of Object.keys(tls))
    assert.throws(() => parseEngineConfig(JSON.stringify({ hosts, ...tls, [without]: undefined }), 'f'), { code })
})

test('what the build cache is kept to: a size, nothing, or rules with what may go', () => {
  const rules = (gc: object) => parseEngineConfig(JSON.stringify({ builder: { gc } }), 'f').buildCacheRules
  assert.deepEqual(rules({ defaultKeepStorage: '1GB' }), [{ budget: 2 ** 30, types: [] }])
  assert.deepEqual(rules({ enabled: false }), [])
  const policy = [
    { keepStorage: '512MB', filter: ['type=exec.cachemount', 'unused-for=48h'] },
    { keepStorage: 2e9, filter: { 'unused-for': { '2200h': true } } },
    { all: true },
  ]
  assert.deepEqual(rules({ defaultKeepStorage: '3GB', policy }), [
    { budget: 512 * 2 ** 20, types: ['exec.cachemount'], unusedForMs: 48 * 3_600_000 },
    { budget: 2e9, types: [], unusedForMs: 2200 * 3_600_000 },
    { budget: 3 * 2 ** 30, types: [] },
  ])
  for (const wrong of [
    'x',
    [{ filter: ['age=1h'] }],
    [{ filter: ['unused-for=long'] }],
    [{ keepBytes: 1 }],
    [{ filter: 1 }],
  ])
    assert.throws(() => rules({ policy: wrong }), { code }, JSON.stringify(wrong))
})

test('a value of the wrong type is named with what it should be', () => {
  assert.throws(() => parseEngineConfig('{"init": "yes"}', 'f'), {
    code,
    message: 'f: "init" must be true or false, not "yes"',
  })
  for (const text of ['[]', '{', '{"default-address-pools": [{"base": "10.0.0.0/8"}]}', '{"default-shm-size": "big"}'])
    assert.throws(() => parseEngineConfig(text, 'f'), { code }, text)
})

test('a file that somebody names must exist', async () => {
  await assert.rejects(readEngineConfig('/nonexistent/config.json'), { code })
})
