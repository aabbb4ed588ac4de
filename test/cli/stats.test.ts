import assert from 'node:assert/strict'
import { test } from 'node:test'
import { binarySize, humanSize } from '../../src/cli/output/human-size.ts'
import { renderStats } from '../../src/cli/stats.ts'
import type { ContainerStatsResponse } from '../../src/engine/api.ts'

const cpu = (total_usage: number, system_cpu_usage: number) => ({
  cpu_usage: { total_usage, usage_in_kernelmode: 0, usage_in_usermode: 0 },
  system_cpu_usage,
  online_cpus: 2,
  throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
})

const traffic = (rx_bytes: number, tx_bytes: number) => ({
  rx_bytes,
  tx_bytes,
  ...{ rx_packets: 0, rx_errors: 0, rx_dropped: 0, tx_packets: 0, tx_errors: 0, tx_dropped: 0 },
})

const stats = {
  name: '/shop-web-1',
  id: 'a'.repeat(64),
  cpu_stats: cpu(3000, 20_000),
  precpu_stats: cpu(1000, 10_000),
  memory_stats: { usage: 3 << 20, limit: 64 << 20, stats: { total_inactive_file: 1 << 20 } },
  pids_stats: { current: 3 },
  blkio_stats: {
    io_service_bytes_recursive: [
      { major: 8, minor: 0, op: 'read', value: 4096 },
      { major: 8, minor: 0, op: 'Write', value: 1000 },
      { major: 8, minor: 16, op: 'read', value: 4 },
    ],
  },
  networks: { eth0: traffic(1000, 2), eth1: traffic(234, 0) },
} as unknown as ContainerStatsResponse

const container = { id: stats.id, name: 'shop-web-1', stats }

test("docker's columns, and dashes before the first reading", () => {
  const waiting = { id: 'b'.repeat(64), name: 'shop-db-1', stats: undefined }
  const [header, ...rows] = renderStats([container, waiting], { trunc: true }).trimEnd().split('\n')
  const cells = (row = '') => row.split(/ {2,}/)
  assert.equal(cells(header).join(), 'CONTAINER ID,NAME,CPU %,MEM USAGE / LIMIT,MEM %,NET I/O,BLOCK I/O,PIDS')
  assert.deepEqual(rows.map(cells), [
    ['aaaaaaaaaaaa', 'shop-web-1', '40.00%', '2MiB / 64MiB', '3.13%', '1.23kB / 2B', '4.1kB / 1kB', '3'],
    ['bbbbbbbbbbbb', 'shop-db-1', '--', '-- / --', '--', '--', '--', '--'],
  ])
})

test('a line of JSON in the order of docker, and templates', () => {
  const line = renderStats([container], { format: 'json', trunc: false })
  assert.deepEqual(Object.keys(JSON.parse(line)), Object.keys(JSON.parse(line)).toSorted())
  assert.equal(JSON.parse(line).ID, stats.id)
  assert.equal(renderStats([container], { format: '{{.Name}}: {{.PIDs}}', trunc: true }), 'shop-web-1: 3\n')
  assert.match(renderStats([container], { format: 'table {{.Name}}\t{{.MemUsage}}', trunc: true }), /^NAME +MEM USAGE/)
})

test('sizes have the digits and units of docker', () => {
  assert.deepEqual([humanSize(4_261_000), humanSize(1234, 3), humanSize(0)], ['4.261MB', '1.23kB', '0B'])
  assert.deepEqual([binarySize(1023), binarySize(1536), binarySize(8 * 2 ** 30)], ['1023B', '1.5KiB', '8GiB'])
})
