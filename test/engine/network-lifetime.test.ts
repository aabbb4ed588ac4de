import '../network/own-host.ts'
import assert from 'node:assert/strict'
import { execSync } from 'node:child_process'
import { test } from 'node:test'
import { defaultConfig } from '../../src/engine/config.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import { Bench, exec, exitCode, output, run, skip } from './fixture.ts'
import { addressOf, ask, on, serve, stage } from './network-fixture.ts'

test('none has only a loopback, and a guest shares everything of its host', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  const alone = await run(engine, bench, ['ls', '/sys/class/net'], on('none'))
  await exitCode(engine, alone)
  assert.equal(await output(engine, alone), 'lo\n')
  const server = await run(engine, bench, serve('inside'), on('none'))
  const guest = await run(engine, bench, ask('127.0.0.1'), { HostConfig: { NetworkMode: `container:${server}` } })
  await exitCode(engine, guest)
  assert.equal(await output(engine, guest), 'inside\n')
})

test('the network of a container goes with it, even from under a guest that runs on', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const donor = await run(engine, bench, ['sleep', '1000'], on('lan'))
  const guest = await run(engine, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: `container:${donor}` } })
  await engine.containerStop(donor)
  assert.match((await exec(engine, guest, ['ls', '/sys/class/net'])).text, /eth0/)
  await engine.containerDelete(donor)
  await engine.networkDelete('lan')
  assert.equal((await exec(engine, guest, ['ls', '/sys/class/net'])).text, 'lo\n')
})

test('containers talk on while the engine is away, and the next one finds everything', { skip }, async () => {
  await using bench = await Bench.make()
  const open = () => openEngine({ dataDir: bench.dataDir, runDir: bench.runDir, config: defaultConfig })
  const first = await open()
  await first.networkCreate({ Name: 'lan' })
  const server = await run(first, bench, serve('still here'), on('lan', { Aliases: ['web'] }))
  const client = await run(first, bench, ['sleep', '1000'], on('lan'))
  const before = (await first.containerInspect(server)).NetworkSettings
  await first[Symbol.asyncDispose]()
  const engine = await open()
  try {
    assert.deepEqual((await engine.containerInspect(server)).NetworkSettings, before)
    assert.equal((await exec(engine, client, ask('web'))).text, 'still here\n')
  } finally {
    for (const id of [server, client]) await engine.containerDelete(id, { force: true })
    await engine.networkDelete('lan')
    await engine[Symbol.asyncDispose]()
  }
})

for (const whose of ['an engine that is there', 'nobody'] as const)
  test(`guests keep their names and addresses when ${whose} saw their host end and the engine is another one`, {
    skip,
  }, async () => {
    await using bench = await Bench.make()
    const open = () => openEngine({ dataDir: bench.dataDir, runDir: bench.runDir, config: defaultConfig })
    const first = await open()
    await first.networkCreate({ Name: 'lan' })
    const server = await run(first, bench, serve('still here'), on('lan', { Aliases: ['web'] }))
    const donor = await run(first, bench, ['sleep', '1000'], on('lan'))
    const guest = await run(first, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: `container:${donor}` } })
    const { Pid } = (await first.containerInspect(donor)).State
    if (whose !== 'nobody') await first.containerStop(donor)
    await first[Symbol.asyncDispose]()
    if (whose === 'nobody') process.kill(Pid, 'SIGKILL')
    const engine = await open()
    try {
      assert.equal((await exec(engine, guest, ask('web'))).text, 'still here\n')
      await engine.containerStart(donor)
      assert.equal((await exec(engine, donor, ask('web'))).text, 'still here\n')
    } finally {
      for (const id of [guest, donor, server]) await engine.containerDelete(id, { force: true })
      await engine.networkDelete('lan')
      await engine[Symbol.asyncDispose]()
    }
  })

test('a restart makes a network anew that somebody has taken apart', { skip }, async () => {
  await using made = await stage()
  const { engine, bench } = made
  await engine.networkCreate({ Name: 'lan' })
  const server = await run(engine, bench, serve('hi'), on('lan', { Aliases: ['web'] }))
  const client = await run(engine, bench, ['sleep', '1000'], on('lan'))
  const address = await addressOf(engine, server, 'lan')
  const { SandboxKey } = (await engine.containerInspect(server)).NetworkSettings
  for (const damage of [`nsenter --net=${SandboxKey} ip link delete eth0`, `umount ${SandboxKey}`]) {
    execSync(damage)
    await engine.containerRestart(server, { timeout: 0 })
    assert.equal(await addressOf(engine, server, 'lan'), address)
    assert.equal((await exec(engine, client, ask('web'))).text, 'hi\n', damage)
  }
})
