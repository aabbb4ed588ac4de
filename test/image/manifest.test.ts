import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfiguration } from '../../src/image/config.ts'
import { choosePlatform, parseManifest } from '../../src/image/manifest.ts'
import { sha256 } from './unpack-fixture.ts'

const json = JSON.stringify
const digest = sha256('x')

test('a configuration as Docker and BuildKit write it', () => {
  const { config, platform, created, diffIds, history } = parseConfiguration(
    json({
      architecture: 'arm64',
      variant: 'v8',
      os: 'linux',
      created: '2025-01-02T03:04:05.678901234Z',
      config: {
        Hostname: '',
        Env: ['A=1'],
        Cmd: null,
        ArgsEscaped: true,
        ExposedPorts: { '80/tcp': {} },
        Volumes: null,
        Labels: { a: 'b' },
        Healthcheck: { Test: ['CMD', 'true'], Interval: 5e9, Retries: 3 },
        User: '',
      },
      rootfs: { type: 'layers', diff_ids: [digest] },
      history: [{ created: 'x', created_by: 'RUN y', empty_layer: true, comment: null }],
    }),
  )
  assert.deepEqual(config, {
    Env: ['A=1'],
    ExposedPorts: { '80/tcp': {} },
    Labels: { a: 'b' },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 5e9, Retries: 3 },
    User: '',
  })
  assert.deepEqual(platform, { os: 'linux', architecture: 'arm64', variant: 'v8' })
  assert.equal(created.toISOString(), '2025-01-02T03:04:05.678Z')
  assert.deepEqual(diffIds, [digest])
  assert.deepEqual(history, [{ created: 'x', created_by: 'RUN y', empty_layer: true }])
})

test('a configuration with hardly anything in it', () => {
  const { config, created, diffIds } = parseConfiguration(json({ rootfs: { diff_ids: null }, created: 'yesterday' }))
  assert.deepEqual([config, created.getTime(), diffIds], [{}, 0, []])
})

const badConfigurations: [string, unknown, RegExp][] = [
  ['a list', [], /image configuration is not an object/],
  ['no rootfs', {}, /rootfs is missing/],
  ['a rootfs that is a string', { rootfs: 'x' }, /rootfs is not an object/],
  ['a diff id that is a path', { rootfs: { diff_ids: ['../x'] } }, /diff_ids: not a sha256 digest: "..\/x"/],
  ['Env that is a map', { rootfs: {}, config: { Env: { A: '1' } } }, /config: Env is not a list of strings/],
  ['Env with a number', { rootfs: {}, config: { Env: [1] } }, /config: Env is not a list of strings/],
  ['Labels with a number', { rootfs: {}, config: { Labels: { a: 1 } } }, /Labels is not a map of strings/],
  ['ports that are a list', { rootfs: {}, config: { ExposedPorts: ['80/tcp'] } }, /ExposedPorts is not an object/],
  [
    'an interval that is text',
    { rootfs: {}, config: { Healthcheck: { Interval: '5s' } } },
    /Healthcheck: Interval is not a number/,
  ],
]
for (const [what, value, message] of badConfigurations)
  test(`refuses a configuration that has ${what}`, () =>
    assert.throws(() => parseConfiguration(json(value)), { code: 'IMAGE_CONFIG_INVALID', message }))

test('refuses a configuration that is no JSON', () =>
  assert.throws(() => parseConfiguration('<html>'), { code: 'IMAGE_CONFIG_INVALID', message: /is not JSON/ }))

const entry = (architecture: string, variant?: string, annotations?: object) => ({
  mediaType: '',
  digest: sha256(`${architecture}${variant}`),
  size: 1,
  platform: { os: 'linux', architecture, variant },
  annotations,
})
const index = parseManifest(
  json({
    schemaVersion: 2,
    manifests: [
      entry('unknown', undefined, { 'vnd.docker.reference.type': 'attestation-manifest' }),
      { ...entry('amd64', 'windows'), platform: { os: 'windows', architecture: 'amd64' } },
      entry('arm', 'v6'),
      entry('arm', 'v7'),
      entry('amd64'),
      entry('arm64', 'v8'),
    ],
  }),
)
assert.ok(index.kind === 'index')
const choices: [string, string | undefined, string][] = [
  ['amd64', undefined, 'amd64undefined'],
  ['arm64', undefined, 'arm64v8'],
  ['arm64', 'v8', 'arm64v8'],
  ['arm', undefined, 'armv7'],
  ['arm', 'v6', 'armv6'],
  ['arm', 'v8', 'armv7'],
  ['amd64', 'v3', 'amd64undefined'],
]
for (const [architecture, variant, chosen] of choices)
  test(`for ${architecture} ${variant ?? ''} the manifest ${chosen} is chosen`, () => {
    const platform = { os: 'linux', architecture, ...(variant && { variant }) }
    assert.equal(choosePlatform(index, platform, 'x').digest, sha256(chosen))
  })

test('for a platform that is missing the error names those that are there', () =>
  assert.throws(() => choosePlatform(index, { os: 'linux', architecture: 'arm', variant: 'v5' }, 'demo:1'), {
    code: 'IMAGE_PLATFORM_MISSING',
    message: 'no matching manifest for linux/arm/v5 in the manifest list entries of demo:1',
    fix: /linux\/arm\/v6, linux\/arm\/v7, linux\/amd64, linux\/arm64\/v8/,
  }))
