import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Links } from '../../src/network/links.ts'
import { newBridge } from '../../src/network/netlink/link.ts'
import { NETLINK, NetlinkSocket } from '../../src/network/netlink/socket.ts'
import { skip } from './own-host.ts'

/** Links of a host with these bridges. */
async function stage(...bridges: string[]) {
  await using stack = new AsyncDisposableStack()
  const socket = stack.use(new NetlinkSocket(NETLINK.ROUTE))
  const links = stack.use(new Links(socket))
  for (const name of bridges) await socket.request(newBridge({ name, address: '02:42:00:00:00:01', mtu: 1500 }))
  const names = async () => (await links.list()).map(({ name }) => name).filter(name => name !== 'lo')
  const undo = stack.move()
  return { links, names, [Symbol.asyncDispose]: () => undo.disposeAsync() }
}

test('devices that several ask to delete at once go together, and those that have gone are as good', {
  skip,
}, async () => {
  await using host = await stage('br1', 'br2', 'br3')
  await Promise.all([host.links.delete(['br1']), host.links.delete(['br2', 'gone'])])
  assert.deepEqual(await host.names(), ['br3'])
  await host.links.delete(['br3'])
})

test('where the last step before a deletion fails, these devices stay, and those of others go', { skip }, async () => {
  await using host = await stage('mine', 'other1', 'other2')
  const seen: (string | undefined)[][] = []
  const failing = host.links.delete(['mine'], links => {
    seen.push(links.map(({ name }) => name))
    throw new Error('not now')
  })
  const deletions = await Promise.allSettled([failing, host.links.delete(['other1']), host.links.delete(['other2'])])
  assert.deepEqual(
    deletions.map(({ status }) => status),
    ['rejected', 'fulfilled', 'fulfilled'],
  )
  await assert.rejects(failing, { message: 'not now' })
  assert.deepEqual(await host.names(), ['mine'])
  assert.deepEqual(
    seen.map(names => names.includes('mine') && names.includes('other1')),
    [true],
  )
  assert.equal(host.links.isLocked, false)
  await host.links.delete(['mine'])
})
