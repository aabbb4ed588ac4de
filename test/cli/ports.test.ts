import assert from 'node:assert/strict'
import { test } from 'node:test'
import { portRows, renderVariables } from '../../src/cli/output/port-rows.ts'

const port = (PrivatePort: number, PublicPort: number | undefined, IP: string, Type = 'tcp') => ({
  PrivatePort,
  ...(PublicPort !== undefined && { PublicPort }),
  IP,
  Type,
})

test('published ports as variables: the lowest is the port of the service, replicas have a number', () => {
  const rows = portRows([
    { service: 'my-web', number: 2, name: 'p-my-web-2', ports: [port(80, 32001, '127.70.1.2')] },
    {
      service: 'my-web',
      number: 1,
      name: 'p-my-web-1',
      ports: [port(443, 8443, '0.0.0.0'), port(443, 8443, '::'), port(80, 8080, '0.0.0.0'), port(53, 5353, '', 'udp')],
    },
    { service: 'db', number: 1, name: 'p-db-1', ports: [port(5432, undefined, '')] },
  ])
  assert.equal(rows.length, 4)
  assert.equal(
    renderVariables(rows),
    [
      'MY_WEB_HOST=127.0.0.1',
      'MY_WEB_PORT=8080',
      'MY_WEB_PORT_80=8080',
      'MY_WEB_PORT_443=8443',
      'MY_WEB_PORT_53_UDP=5353',
      'MY_WEB_2_HOST=127.70.1.2',
      'MY_WEB_2_PORT=32001',
      'MY_WEB_2_PORT_80=32001',
      '',
    ].join('\n'),
  )
})
