import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSubordinateIds } from '../../src/engine/system/remap.ts'
import { containerId, formatIdMap, hostId } from '../../src/runtime/id-map.ts'

const map = [
  { containerID: 0, hostID: 100_000, size: 10 },
  { containerID: 10, hostID: 500_000, size: 5 },
]

test('ids go both ways, and those outside of every range nowhere', () => {
  assert.deepEqual(
    [0, 9, 10, 14, 15].map(id => hostId(map, id)),
    [100_000, 100_009, 500_000, 500_004, undefined],
  )
  assert.deepEqual(
    [100_009, 500_004, 0, 100_010].map(id => containerId(map, id)),
    [9, 14, undefined, undefined],
  )
})

test('a map is lines of three numbers', () => assert.equal(formatIdMap(map), '0 100000 10\n10 500000 5\n'))

test('the ranges of a user, by name or number, follow each other in the container', () => {
  const text = '# subuid(5)\nann:100000:10\nbob:200000:65536\n1000:500000:5\nann:9:0\nnonsense\n'
  assert.deepEqual(parseSubordinateIds(text, ['ann', '1000']), map)
  assert.deepEqual(parseSubordinateIds(text, ['carl']), [])
})
