import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort, newMachine, root, skip } from './machine.ts'

test('examples/hello answers with what its services heard from each other', { skip }, async t => {
  const machine = await newMachine(t)
  const port = await freePort()
  const options = { cwd: join(root, 'examples/hello'), env: { HELLO_PORT: String(port) } }
  machine.defer(() => machine.run(['down', '-t', '1'], options))
  await machine.ok(['up', '--wait'], options)
  for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
    const page = await (await fetch(`http://${host}:${port}/`)).text()
    assert.match(page, /The greeter said: <q>Hello! My clock says \d{4}-\d\d-\d\dT/, host)
  }
  assert.match(await machine.ok(['logs', '--no-log-prefix', 'clock'], options), /^clock: ready$/m)
  await machine.ok(['down'], options)
  assert.equal(await machine.ok(['ps', '-aq'], options), '')
})
