import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findProjectName } from '../../src/compose/load/find-name.ts'
import { isolatedName, loopbackAddress } from '../../src/compose/load/isolate.ts'
import { loadFolder, projectFolder } from './load-folder.ts'

const file = `
name: shop
services:
  db:
    image: x
    container_name: database
    ports: ["5432:5432", "127.0.0.1:6000:6000/udp", "80", "192.0.2.1:9:9"]
    networks: {back: {ipv4_address: 10.9.0.5, aliases: [store]}, shared: {ipv4_address: 10.1.0.5}}
    volumes: ["data:/data", "own:/own"]
  side: {image: x, network_mode: "container:database", external_links: ["database:d", "other:o"]}
networks:
  back: {name: fixed, ipam: {config: [{subnet: 10.9.0.0/24}]}, driver_opts: {com.docker.network.bridge.name: br0, a: b}}
  shared: {external: true, name: shared}
volumes:
  data: {name: mydata}
  own:
`

test('everything that has a name in the file has one of its own for each directory', async () => {
  await using one = await projectFolder({ 'compose.yaml': file })
  await using two = await projectFolder({ 'compose.yaml': file })
  const { project, leftOut } = await loadFolder(one, { isolated: true, allResources: true })
  const { name, services, networks, volumes } = project
  assert.match(name, /^shop-[0-9a-f]{6}$/)
  assert.equal(name, isolatedName('shop', one.path))
  assert.notEqual((await loadFolder(two, { isolated: true })).project.name, name)
  assert.equal(services.db?.containerName, `${name}-database`)
  assert.equal(networks.back?.name, `${name}_fixed`)
  assert.equal(networks.shared?.name, 'shared')
  assert.deepEqual([volumes.data?.name, volumes.own?.name], [`${name}_mydata`, `${name}_own`])
  assert.deepEqual(networks.back?.driverOpts, { a: 'b' })
  assert.equal(networks.back?.ipam, undefined)
  assert.deepEqual(services.db?.networks.back?.aliases, ['store', 'database'], 'still found by its name in the file')
  assert.equal(services.db?.networks.back?.ipv4Address, undefined)
  assert.equal(services.db?.networks.shared?.ipv4Address, '10.1.0.5')
  assert.equal(services.side?.networkMode, `container:${name}-database`)
  assert.deepEqual(services.side?.externalLinks, [`${name}-database:d`, 'other:o'])
  assert.deepEqual(
    leftOut.map(({ message, where }) => [message.replace(/,.*/, ''), where?.line]),
    [
      ['the subnets of network "back" are chosen anew', 12],
      ['the fixed address of service "db" on network "back" is left out', 8],
    ],
  )
})

test('ports keep their numbers, on a loopback address that is the same each time', async () => {
  await using folder = await projectFolder({ 'compose.yaml': file })
  const { project } = await loadFolder(folder, { env: { TSCOMPOSE_ISOLATED: '1' } })
  const address = loopbackAddress(project.name)
  assert.match(address, /^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.([1-9]|\d\d|1\d\d|2[0-4]\d|25[0-4])$/)
  assert.deepEqual(
    project.services.db?.ports.map(({ hostIp, published, target }) => [hostIp, published, target]),
    [
      [address, '5432', 5432],
      [address, '6000', 6000],
      [address, undefined, 80],
      ['192.0.2.1', '9', 9],
    ],
  )
})

test('a name given with -p stays; the variable, which may be in a file that is checked in, does not', async () => {
  await using folder = await projectFolder({ 'compose.yaml': file, '.env': 'COMPOSE_PROJECT_NAME=team\n' })
  const nameOf = async (more: object) =>
    (await findProjectName({ cwd: folder.path, env: {}, isolated: true, ...more })).name
  assert.equal(await nameOf({ projectName: 'mine' }), 'mine')
  assert.equal(await nameOf({}), isolatedName('team', folder.path))
  assert.equal(await nameOf({ isolated: false }), 'team')
})
