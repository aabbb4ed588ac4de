import assert from 'node:assert/strict'
import { test } from 'node:test'
import { translateLog } from '../../src/engine/translate/log.ts'
import { logDetails } from '../../src/engine/translate/log-attributes.ts'
import { Bench, create, exitCode, output, skip } from './fixture.ts'

const container = {
  id: '0123456789abcdef'.repeat(4),
  name: 'web',
  image: `sha256:${'ab'.repeat(32)}`,
  config: { Image: 'shop/web', Labels: { tier: 'front end', 'a.b': "it's" }, Env: ['MODE=x=y', 'SECRET=no', 'BARE'] },
}

test('labels and variables are chosen by name and by pattern, sorted and escaped', () => {
  const details = (options: Record<string, string>) => logDetails(container, options)
  assert.equal(details({}), '')
  assert.equal(details({ labels: 'tier,none', env: 'MODE' }), 'MODE=x%3Dy,tier=front+end')
  assert.equal(details({ 'labels-regex': '^a', 'env-regex': 'BA|MO' }), 'BARE=,MODE=x%3Dy,a.b=it%27s')
  assert.equal(details({ tag: '{{.Name}}/{{.ID}}/{{ .ImageName }}' }), 'tag=web%2F0123456789ab%2Fshop%2Fweb')
})

test('what an option cannot mean is refused', () => {
  const refused = (option: string, value: string, code: string) =>
    assert.throws(() => translateLog({ Type: 'json-file', Config: { [option]: value } }), { code })
  refused('env-regex', '(', 'ENGINE_REQUEST_INVALID')
  refused('tag', '{{.Nope}}', 'ENGINE_REQUEST_INVALID')
  refused('fluentd-address', 'x', 'ENGINE_REQUEST_INVALID')
})

test('logs with details have them before each line, behind its time', { skip }, async () => {
  await using bench = await Bench.make()
  await using engine = await bench.open()
  const LogConfig = { Type: 'json-file', Config: { labels: 'k', env: 'A' } }
  const id = await create(engine, bench, ['sh', '-c', 'echo one; echo two'], {
    Labels: { k: 'v' },
    Env: ['A=b'],
    HostConfig: { LogConfig },
  })
  await engine.containerStart(id)
  await exitCode(engine, id)
  assert.equal(await output(engine, id, { details: true }), 'A=b,k=v one\nA=b,k=v two\n')
  assert.match(await output(engine, id, { details: true, timestamps: true }), /^\S+Z A=b,k=v one\n\S+Z A=b,k=v two\n$/)
  const plain = await create(engine, bench, ['echo', 'x'])
  await engine.containerStart(plain)
  await exitCode(engine, plain)
  assert.equal(await output(engine, plain, { details: true }), ' x\n')
})
