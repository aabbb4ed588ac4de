import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyChanges } from '../../src/build/changes.ts'

test('instructions change what an image says about itself', () => {
  assert.deepEqual(
    applyChanges({ Env: ['PATH=/bin', 'A=1'], Cmd: ['old'], Labels: { kept: 'yes' } }, [
      'ENV A=2 B=$PATH:/more',
      'LABEL b="$B"',
      'EXPOSE 80 53/udp',
      'WORKDIR /srv',
      'WORKDIR app',
      'USER ann',
      'VOLUME /data',
      'ONBUILD RUN make',
      'CMD echo hi',
      'STOPSIGNAL SIGINT',
    ]),
    {
      Env: ['PATH=/bin', 'A=2', 'B=/bin:/more'],
      Cmd: ['/bin/sh', '-c', 'echo hi'],
      Labels: { kept: 'yes', b: '/bin:/more' },
      ExposedPorts: { '53/udp': {}, '80/tcp': {} },
      WorkingDir: '/srv/app',
      User: 'ann',
      Volumes: { '/data': {} },
      OnBuild: ['RUN make'],
      StopSignal: 'SIGINT',
    },
  )
})

test('an entrypoint takes the command away that was not given along with it', () => {
  assert.deepEqual(applyChanges({ Cmd: ['old'] }, ['ENTRYPOINT ["x"]']), { Entrypoint: ['x'] })
  assert.deepEqual(applyChanges({ Cmd: ['old'] }, ['CMD ["y"]', 'ENTRYPOINT ["x"]']), { Entrypoint: ['x'], Cmd: ['y'] })
})

test('what does something, and what is no instruction, is refused', () => {
  const refused = (change: string, message: RegExp) =>
    assert.throws(() => applyChanges({}, [change]), { code: 'BUILD_DOCKERFILE_INVALID', message })
  refused('RUN make', /RUN is not a valid change command/)
  refused('FROM scratch', /FROM is not a valid change command/)
  refused('COPY a b', /COPY is not a valid change command/)
  refused('ENVIRONMENT a=b', /unknown instruction: ENVIRONMENT/)
  refused('USER', /USER requires exactly one argument/)
})
