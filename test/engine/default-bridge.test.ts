import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Bench, run, skip } from './fixture.ts'

test('the default bridge goes with the engine where no container is left on it, and comes again', {
  skip,
}, async () => {
  await using bench = await Bench.make()
  const removed: string[] = []
  const open = bench.layers.open.bind(bench.layers)
  bench.layers.open = () => {
    const layers = open()
    const { removeNetwork } = layers.networks
    layers.networks.removeNetwork = async id => {
      removed.push(id)
      await removeNetwork(id)
    }
    return layers
  }

  const first = await bench.open()
  const { Id: bridge } = await first.networkInspect('bridge')
  const id = await run(first, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: 'bridge' } })
  await first[Symbol.asyncDispose]()
  assert.deepEqual(removed, [], 'a container is on it')

  const second = await bench.open()
  await second.containerDelete(id, { force: true })
  await second[Symbol.asyncDispose]()
  assert.deepEqual(removed, [bridge])

  const third = await bench.open()
  const again = await run(third, bench, ['sleep', '1000'], { HostConfig: { NetworkMode: 'bridge' } })
  const { NetworkSettings } = await third.containerInspect(again)
  assert.equal(NetworkSettings.Networks.bridge?.NetworkID, bridge)
  await third[Symbol.asyncDispose]()
})
