import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Service } from '../../src/compose/project.ts'
import type { ContainerContext } from '../../src/compose/translate/container.ts'

import { request } from './translated.ts'

describe('mounts', () => {
  const mounts = (volumes: Service['volumes'], more: Partial<ContainerContext> = {}) =>
    request({ volumes }, more, {
      volumes: { data: { key: 'data', name: 'demo_data', external: false, driverOpts: {}, labels: {} } },
    }).HostConfig?.Mounts

  test('a volume has the engine’s name, and its options', () =>
    assert.deepEqual(
      mounts([
        { type: 'volume', source: 'data', target: '/d', readOnly: true, volume: { nocopy: true, subpath: 'x' } },
      ]),
      [
        {
          Type: 'volume',
          Source: 'demo_data',
          Target: '/d',
          ReadOnly: true,
          VolumeOptions: { NoCopy: true, Subpath: 'x' },
        },
      ],
    ))
  test('only a bind mount that asks for it has its source made', () =>
    assert.deepEqual(
      mounts([
        { type: 'bind', source: '/a', target: '/a', readOnly: false, bind: { createHostPath: true } },
        {
          type: 'bind',
          source: '/b',
          target: '/b',
          readOnly: false,
          bind: { createHostPath: false, propagation: 'rslave' },
        },
        { type: 'bind', source: '/c', target: '/c', readOnly: false },
      ]),
      [
        { Type: 'bind', Source: '/a', Target: '/a', BindOptions: { CreateMountpoint: true } },
        { Type: 'bind', Source: '/b', Target: '/b', BindOptions: { Propagation: 'rslave' } },
        { Type: 'bind', Source: '/c', Target: '/c' },
      ],
    ))
  test('tmpfs has size and mode', () =>
    assert.deepEqual(mounts([{ type: 'tmpfs', target: '/t', readOnly: false, tmpfs: { size: 9, mode: 0o700 } }]), [
      { Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 9, Mode: 0o700 } },
    ]))
  test('a replacement takes over anonymous volumes, of the file and of the image', () =>
    assert.deepEqual(
      mounts([{ type: 'volume', target: '/anon', readOnly: false }], {
        inherits: [
          { volume: 'v1', target: '/anon' },
          { volume: 'v2', target: '/of/image' },
        ],
      }),
      [
        { Type: 'volume', Target: '/anon', Source: 'v1' },
        { Type: 'volume', Target: '/of/image', Source: 'v2' },
      ],
    ))
})

describe('secrets and configs', () => {
  const file = (given: object) => ({ key: 'x', name: 'demo_x', external: false, labels: {}, ...given })
  const grant = { source: 'x', target: '/run/secrets/x' }

  test('a file of the host with an owner or a mode of its own is handed over with its contents', () => {
    const own = { ...grant, mode: 0o400, uid: '7' }
    const { HostConfig } = request({ secrets: [own] }, {}, { secrets: { x: file({ file: '/s/x' }) } })
    const Content = Buffer.from('text of /s/x').toString('base64')
    assert.deepEqual(HostConfig?.Mounts, [])
    assert.deepEqual(HostConfig?.Files, [{ Target: '/run/secrets/x', Content, UID: 7, GID: 0, Mode: 0o400 }])
  })
  test('an owner that is no number, and what only a platform could keep, are refused', () => {
    const secrets = { x: file({ content: 'text' }) }
    assert.throws(() => request({ secrets: [{ ...grant, uid: 'root' }] }, {}, { secrets }), {
      message: 'uid "root" of secret x is not a number',
    })
    assert.throws(() => request({ secrets: [grant] }, {}, { secrets: { x: file({ driver: 'vault' }) } }), {
      message: 'unsupported driver "vault" of secret x',
    })
  })
  test('a file is mounted read-only', () => {
    const { HostConfig } = request({ secrets: [grant] }, {}, { secrets: { x: file({ file: '/s/x' }) } })
    assert.deepEqual(HostConfig?.Mounts, [{ Type: 'bind', Source: '/s/x', Target: '/run/secrets/x', ReadOnly: true }])
    assert.equal(HostConfig?.Files, undefined)
  })
  test('text and variables become files of the container, with owner and mode, and are nowhere else', () => {
    const all = request(
      { secrets: [{ ...grant, uid: '5', gid: '6', mode: 0o400 }], configs: [{ source: 'y', target: '/y' }] },
      {},
      {
        environment: { PASSWORD: 'p@ss' },
        secrets: { x: file({ environment: 'PASSWORD' }) },
        configs: { y: file({ content: 'text' }) },
      },
    )
    assert.deepEqual(all.HostConfig?.Files, [
      { Target: '/run/secrets/x', Content: Buffer.from('p@ss').toString('base64'), UID: 5, GID: 6, Mode: 0o400 },
      { Target: '/y', Content: Buffer.from('text').toString('base64'), UID: 0, GID: 0, Mode: 0o444 },
    ])
    assert.ok(!JSON.stringify(all).includes('p@ss'))
  })
  test('a variable that is not set is an error that names it', () =>
    assert.throws(() => request({ secrets: [grant] }, {}, { secrets: { x: file({ environment: 'NOT' }) } }), {
      code: 'COMPOSE_SECRET_UNAVAILABLE',
      message: 'environment variable "NOT" required by secret "x" is not set',
    }))
  test('an external one is refused', () =>
    assert.throws(() => request({ configs: [grant] }, {}, { configs: { x: file({ external: true }) } }), {
      message: 'unsupported external config demo_x',
    }))
})
