import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, newMachine, type Result, resultOf, skip } from './machine.ts'

/** Docker's own clients on this machine, which build with the classic builder where BuildKit is switched off. */
const clients = ['/usr/bin/docker', '/usr/local/bin/docker'].flatMap(path => {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  const version = /Docker version (\d+\.\d+)/.exec(stdout ?? '')?.[1]
  return status === 0 && version ? [{ path, version }] : []
})

const dockerfile = `FROM alpine AS first
ARG WHO=nobody
RUN echo "from $WHO"; echo $WHO > /who
FROM alpine
COPY --from=first /who /who
COPY file /file
LABEL in=file
CMD ["cat", "/who", "/file"]
`

for (const { path, version } of clients)
  test(`docker ${version} builds with the classic builder`, { skip, timeout: 120_000 }, async t => {
    const machine = await newMachine(t)
    await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
    const cwd = await machine.project('context', {
      Dockerfile: dockerfile,
      file: 'in the context\n',
      ignored: 'x',
      '.dockerignore': 'ignored\n',
      'other.dockerfile': 'FROM alpine\nCOPY . /all\nRUN ls -A /all\nRUN exit 7\n',
    })
    const env = {
      PATH: process.env.PATH,
      HOME: machine.dir,
      DOCKER_HOST: `unix://${machine.socket}`,
      DOCKER_BUILDKIT: '0',
    }
    const docker = (args: readonly string[], input = ''): Promise<Result> => {
      const child = spawn(path, args, { cwd, env })
      child.stdin.end(input)
      return resultOf(child)
    }
    const ok = async (args: readonly string[], input?: string) => {
      const { code, stdout, stderr } = await docker(args, input)
      assert.equal(code, 0, stderr + stdout)
      return stdout
    }

    await t.test('its steps are counted and have ids, and so has the image', async () => {
      const flags = ['-t', 'built:1', '--build-arg', 'WHO=somebody', '--label', 'more=yes', '--iidfile', 'id']
      const stdout = await ok(['build', ...flags, '.'])
      const id = readFileSync(join(cwd, 'id'), 'utf8').trim()
      assert.match(
        stdout.replace(/^Sending build context[^\n]*\n/, ''),
        /^Step 1\/8 : FROM alpine AS first\n ---> [0-9a-f]{12}\nStep 2\/8 : ARG WHO=nobody\n ---> [0-9a-f]{12}\nStep 3\/8 : RUN [^\n]*\nfrom somebody\n ---> [0-9a-f]{12}\nStep 4\/8 : FROM alpine\n/,
      )
      assert.match(
        stdout,
        /\nStep 8\/8 : CMD [^\n]*\n ---> [0-9a-f]{12}\nSuccessfully built [0-9a-f]{12}\nSuccessfully tagged built:1\n$/,
      )
      assert.match(stdout, new RegExp(`Successfully built ${id.slice(7, 19)}`))
      assert.equal(await ok(['run', '--rm', '--network=none', 'built:1']), 'somebody\nin the context\n')
      assert.equal(await ok(['inspect', '-f', '{{.Config.Labels.in}} {{.Config.Labels.more}}', id]), 'file yes\n')
    })

    await t.test('the cache is used, or not', async () => {
      const again = await ok(['build', '--build-arg', 'WHO=somebody', '.'])
      assert.match(again, /Step 3\/8 : RUN [^\n]*\n ---> Using cache\n ---> [0-9a-f]{12}\n/)
      assert.ok(!(await ok(['build', '--no-cache', '.'])).includes('Using cache'))
      assert.match(await ok(['build', '-q', '--target', 'first', '.']), /^sha256:[0-9a-f]{64}\n$/)
    })

    await t.test('a failing step: its output, and its exit code as the client’s', async () => {
      const { code, stdout, stderr } = await docker(['build', '-f', 'other.dockerfile', '.'])
      assert.equal(code, 7)
      // The client sends the Dockerfile and the ignore file along, whatever that says.
      assert.match(stdout, /\n\.dockerignore\nDockerfile\nfile\nid\nother\.dockerfile\n/)
      assert.match(stderr, /The command '\/bin\/sh -c exit 7' returned a non-zero code: 7/)
      const mistake = await docker(['build', '-'], 'FROM alpine\nRUNN true\n')
      assert.equal(mistake.code, 1)
      assert.match(mistake.stderr, /unknown instruction: RUNN/i)
    })

    await t.test(
      'a Dockerfile from standard input; limits, hosts, a network and another one are for the steps',
      async () => {
        const script =
          'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; grep there /etc/hosts; ulimit -n; ls /sys/class/net'
        const flags = [
          '--memory',
          '64m',
          '--add-host',
          'there:10.1.2.3',
          '--ulimit',
          'nofile=99:99',
          '--network',
          'none',
        ]
        const stdout = await ok(['build', ...flags, '-'], `FROM alpine\nRUN ${script}\n`)
        assert.match(stdout, /\n10\.1\.2\.3\s+there\n99\nlo\n/)
        assert.match(
          await ok(['build', '-f', '-', '.'], 'FROM alpine\nCOPY file /x\nRUN cat /x\n'),
          /\nin the context\n/,
        )
      },
    )

    await t.test('what is not supported is refused', async () => {
      const { code, stderr } = await docker(['build', '--security-opt', 'seccomp=unconfined', '.'])
      assert.equal(code, 1)
      assert.match(stderr, /securityopt=.* of a build/)
    })

    await t.test('the build cache can be listed and pruned', async () => {
      assert.match(await ok(['system', 'df']), /^Build Cache +\d+ /m)
      assert.match(await ok(['builder', 'prune', '-f', '-a']), /Total reclaimed space: \d/)
      assert.ok(!(await ok(['build', '.'])).includes('Using cache'))
    })
  })
