import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerConfig } from '../../src/engine/api.ts'
import { commandLine, mergeConfig } from '../../src/engine/translate/merge-config.ts'
import type { ImageConfig } from '../../src/image/image.ts'

const image: ImageConfig = {
  Entrypoint: ['/entry'],
  Cmd: ['serve'],
  Env: ['PATH=/bin', 'MODE=image'],
  Labels: { a: 'image', b: 'image' },
  ExposedPorts: { '80/tcp': {} },
  Volumes: { '/data': {} },
  User: 'web',
  WorkingDir: '/srv',
  StopSignal: 'SIGQUIT',
  Shell: ['/bin/ash', '-c'],
  Healthcheck: { Test: ['CMD', 'probe'], Interval: 5e9, Retries: 7 },
}
const merged = (asked: Partial<ContainerConfig>) => mergeConfig({ Image: 'x', ...asked }, image)

test('what is not said comes from the image', () => {
  const config = merged({})
  assert.deepEqual(commandLine(config), ['/entry', 'serve'])
  assert.equal(config.User, 'web')
  assert.equal(config.WorkingDir, '/srv')
  assert.equal(config.StopSignal, 'SIGQUIT')
  assert.deepEqual(config.Shell, ['/bin/ash', '-c'])
})

test("a command replaces the image's and keeps its entrypoint", () =>
  assert.deepEqual(commandLine(merged({ Cmd: ['dump'] })), ['/entry', 'dump']))

test("an entrypoint takes the image's command away", () =>
  assert.deepEqual(commandLine(merged({ Entrypoint: ['sh'] })), ['sh']))

test("an empty entrypoint takes the image's away, and keeps the command that is given", () => {
  assert.deepEqual(commandLine(merged({ Entrypoint: [''], Cmd: ['sh'] })), ['sh'])
  assert.deepEqual(commandLine(merged({ Entrypoint: [], Cmd: ['sh'] })), ['sh'])
})

test('without anything to run it is an error', () => {
  assert.throws(() => mergeConfig({ Image: 'x' }, {}), { message: 'no command specified' })
  assert.throws(() => merged({ Entrypoint: [''] }), { message: 'no command specified' })
})

test('variables are put together by name', () => {
  assert.deepEqual(merged({ Env: ['MODE=mine', 'NEW=1'] }).Env, ['MODE=mine', 'NEW=1', 'PATH=/bin'])
  assert.deepEqual(merged({ Env: ['MODE'] }).Env, ['MODE', 'PATH=/bin'])
})

test('labels, ports and volumes are put together', () => {
  const config = merged({ Labels: { b: 'mine' }, ExposedPorts: { '81/tcp': {} }, Volumes: { '/x': {} } })
  assert.deepEqual(config.Labels, { a: 'image', b: 'mine' })
  assert.deepEqual(Object.keys(config.ExposedPorts ?? {}), ['80/tcp', '81/tcp'])
  assert.deepEqual(Object.keys(config.Volumes ?? {}), ['/data', '/x'])
})

test('a health check is completed field by field', () => {
  assert.deepEqual(merged({ Healthcheck: { Interval: 1e9 } }).Healthcheck, {
    Test: ['CMD', 'probe'],
    Interval: 1e9,
    Retries: 7,
  })
  assert.deepEqual(merged({}).Healthcheck, image.Healthcheck)
  assert.deepEqual(merged({ Healthcheck: { Test: ['NONE'] } }).Healthcheck?.Test, ['NONE'])
})

test('the working directory is a clean path', () =>
  assert.equal(mergeConfig({ Image: 'a', Cmd: ['true'], WorkingDir: '/a/../b/' }, {}).WorkingDir, '/b'))
