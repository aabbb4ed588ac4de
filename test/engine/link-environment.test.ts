import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkEnvironment } from '../../src/engine/translate/link-environment.ts'

test('a link is told by variables: the first port, each port, and the environment of the other', () =>
  assert.deepEqual(
    linkEnvironment({
      link: '/web/my-db',
      address: '172.17.0.2',
      env: ['PATH=/bin', 'HOME=/root', 'USER=ann', 'EMPTY=', 'URL=a=b', 'NONE'],
      exposed: ['53/udp', '5432/tcp'],
    }),
    [
      'MY_DB_PORT=tcp://172.17.0.2:5432',
      'MY_DB_PORT_5432_TCP=tcp://172.17.0.2:5432',
      'MY_DB_PORT_5432_TCP_ADDR=172.17.0.2',
      'MY_DB_PORT_5432_TCP_PORT=5432',
      'MY_DB_PORT_5432_TCP_PROTO=tcp',
      'MY_DB_PORT_53_UDP=udp://172.17.0.2:53',
      'MY_DB_PORT_53_UDP_ADDR=172.17.0.2',
      'MY_DB_PORT_53_UDP_PORT=53',
      'MY_DB_PORT_53_UDP_PROTO=udp',
      'MY_DB_NAME=/web/my-db',
      'MY_DB_ENV_USER=ann',
      'MY_DB_ENV_EMPTY=',
      'MY_DB_ENV_URL=a=b',
    ],
  ))

test('ports that follow one another are a range, too', () => {
  const exposed = ['8002/tcp', '8000/tcp', '8001/tcp', '9000/tcp', '8002/udp']
  const variables = linkEnvironment({ link: '/a/b', address: '10.0.0.2', env: [], exposed })
  assert.deepEqual(
    variables.filter(variable => /(START|END)=/.test(variable)),
    [
      'B_PORT_8000_TCP_START=tcp://10.0.0.2:8000',
      'B_PORT_8000_TCP_PORT_START=8000',
      'B_PORT_8000_TCP_END=tcp://10.0.0.2:8002',
      'B_PORT_8000_TCP_PORT_END=8002',
    ],
  )
})

test('one that exposes nothing has a name only', () =>
  assert.deepEqual(linkEnvironment({ link: '/a/b', address: '10.0.0.2', env: [], exposed: [] }), ['B_NAME=/a/b']))
