import './own-host.ts'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask, Machine, port, sh, shell, skip } from './machine.ts'

const settings = () => sh('sysctl -a -r ^net 2>/dev/null | grep -v nf_conntrack_count || true')

test('whenever an engine is killed, the next one leaves the host as it was', { skip }, async () => {
  await using machine = await Machine.start()
  const before = settings()
  for (let round = 0; round < 12; round++) {
    await machine.networks[Symbol.asyncDispose]()
    const child = spawn(process.execPath, [join(import.meta.dirname, 'churn.ts'), machine.runDir, machine.dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const ms = Math.random() * 250
    await sleep(ms)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await machine.open()
    await machine.networks.adopt([], [])
    const when = `killed after ${ms} ms`
    assert.deepEqual(machine.leftovers(), [], when)
    assert.equal(sh('nft list ruleset'), '', when)
    assert.equal(settings(), before, when)
  }
  const net = await machine.network('after')
  const web = await machine.sandbox('web', [net], { publish: [8080, 8081, 8082].map(number => port(80, number)) })
  await machine.serve(web, 'web', 80)
  assert.match(await shell(ask('127.0.0.1', 8080)), /^web /)
})
