import { listContainers, toObserved } from '../../compose/observe.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { integer } from '../numbers.ts'
import { replicaOf, replicaOption } from '../replica.ts'
import { findNamed } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE>')
    .argument('<PRIVATE_PORT>')
    .addOption(replicaOption())
    .option('--protocol <protocol>', 'tcp or udp', 'tcp')
    .action(async (service: string, port: string, { index, protocol }: { index?: number; protocol: string }) => {
      const target = integer('PRIVATE_PORT')(port)
      const { engine, name } = await findNamed(cli)
      const containers = await listContainers(engine, name)
      const container = replicaOf(containers.map(toObserved), service, { index, running: true })
      const ports = containers.find(({ Id }) => Id === container.id)?.Ports ?? []
      const published = ports.find(
        ({ PrivatePort, PublicPort, Type }) =>
          PrivatePort === target && Type === protocol.toLowerCase() && PublicPort !== undefined,
      )
      if (!published) {
        const known = ports.map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`)
        throw new TscomposeError(
          'COMPOSE_NO_CONTAINER',
          `no port ${target}/${protocol} for container ${container.name}: ${[...new Set(known)].join(', ')}`,
        )
      }
      const { IP = '', PublicPort } = published
      cli.stdout.write(`${IP.includes(':') ? `[${IP}]` : IP}:${PublicPort}\n`)
    })
