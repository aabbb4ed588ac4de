import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inService } from '../../src/compose/apply/failures.ts'
import type { ServiceFailure } from '../../src/compose/diagnosis/service-failure.ts'
import type { Project } from '../../src/compose/project.ts'
import { type ErrorCode, TscomposeError } from '../../src/errors.ts'
import { project, service } from './projects.ts'

const loaded: Project = {
  ...project([service('web')]),
  secrets: { key: { key: 'key', name: 'demo_key', external: false, labels: {}, file: '/app/key.txt' } },
  origins: { get: path => ({ file: path, line: 1, col: 1 }) },
}
const step = { op: 'startContainer', container: { service: 'web', name: 'demo-web-1' } } as const
const failure = (code: ErrorCode, message: string) =>
  inService(new TscomposeError(code, message), step, loaded) as ServiceFailure

test('an error has the service, and the attribute where a remedy is', () => {
  const place = (code: ErrorCode, message = '') => failure(code, message).where?.file
  assert.equal(place('NETWORK_PORT_TAKEN'), 'services.web.ports')
  assert.equal(place('NETWORK_ADDRESS_OUTSIDE'), 'services.web.networks')
  assert.equal(
    place('ENGINE_REQUEST_INVALID', "invalid restart policy: unknown policy 'never'"),
    'services.web.restart',
  )
  assert.equal(place('ENGINE_REQUEST_INVALID', 'something else'), 'services.web')
  assert.equal(failure('NETWORK_PORT_TAKEN', 'taken').message, 'service "web": taken')
})

test('a missing file of a secret is looked for where the secret is declared', () => {
  const words = 'invalid mount config for type "bind": bind source path does not exist: '
  const { message, where } = failure('ENGINE_REQUEST_INVALID', `${words}/app/key.txt`)
  assert.equal(message, `service "web": secret "key": ${words}/app/key.txt`)
  assert.equal(where?.file, 'secrets.key.file')
  assert.equal(failure('ENGINE_REQUEST_INVALID', `${words}/app/data`).where?.file, 'services.web.volumes')
})

test('a volume of one letter comes with the reason why it is none', () =>
  assert.match(
    failure('ENGINE_REQUEST_INVALID', "invalid mount path: 'd:/d' mount path must be absolute").fix ?? '',
    /drive of Windows/,
  ))
