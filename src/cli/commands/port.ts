import { label } from '../../compose/labels.ts'
import { listContainers, nameOf } from '../../compose/observe.ts'
import { TscomposeError } from '../../errors.ts'
import type { Define } from '../command.ts'
import { integer } from '../numbers.ts'
import { findNamed } from '../target.ts'

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE>')
    .argument('<PRIVATE_PORT>')
    .option('--index <n>', 'The replica of the service, from 1', integer('--index'), 0)
    .option('--protocol <protocol>', 'tcp or udp', 'tcp')
    .action(async (service: string, port: string, { index, protocol }: { index: number; protocol: string }) => {
      const target = integer('PRIVATE_PORT')(port)
      const { engine, name } = await findNamed(cli)
      const containers = (await listContainers(engine, name))
        .filter(({ Labels }) => Labels[label.service] === service && Labels[label.oneOff] !== 'True')
        .sort((a, b) => Number(a.Labels[label.number]) - Number(b.Labels[label.number]))
      const container = index ? containers.find(({ Labels }) => Labels[label.number] === String(index)) : containers[0]
      if (!container)
        throw new TscomposeError(
          'COMPOSE_NO_CONTAINER',
          index
            ? `service "${service}" is not running container #${index}`
            : `no container found for service "${service}"`,
        )
      const published = container.Ports.find(
        ({ PrivatePort, PublicPort, Type }) =>
          PrivatePort === target && Type === protocol.toLowerCase() && PublicPort !== undefined,
      )
      if (!published) {
        const known = container.Ports.map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`)
        throw new TscomposeError(
          'COMPOSE_NO_CONTAINER',
          `no port ${target}/${protocol} for container ${nameOf(container)}: ${[...new Set(known)].join(', ')}`,
        )
      }
      const { IP = '', PublicPort } = published
      cli.stdout.write(`${IP.includes(':') ? `[${IP}]` : IP}:${PublicPort}\n`)
    })
