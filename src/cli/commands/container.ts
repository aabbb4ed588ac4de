import type { CommandTable } from '../command.ts'

export const commands: CommandTable = {
  run: {
    summary: 'Create a container of an image and run it',
    load: () => import('./container/run.ts'),
    asksOutside: true,
  },
  create: {
    summary: 'Create a container without starting it',
    load: () => import('./container/create.ts'),
    asksOutside: true,
  },
  start: { summary: 'Start containers', load: () => import('./container/start.ts') },
  stop: { summary: 'Stop containers', load: () => import('./container/stop.ts') },
  restart: { summary: 'Restart containers', load: () => import('./container/restart.ts') },
  kill: { summary: 'Send a signal to containers', load: () => import('./container/kill.ts') },
  pause: { summary: 'Freeze containers', load: () => import('./container/pause.ts') },
  unpause: { summary: 'Let frozen containers go on', load: () => import('./container/unpause.ts') },
  wait: {
    summary: 'Wait until containers have ended; print their exit codes',
    load: () => import('./container/wait.ts'),
  },
  rm: { summary: 'Remove containers', aliases: ['remove'], load: () => import('./container/rm.ts') },
  ls: { summary: 'List containers', aliases: ['ps', 'list'], load: () => import('./container/ls.ts') },
  inspect: { summary: 'Show all that is known of containers', load: () => import('./container/inspect.ts') },
  logs: { summary: 'Show what a container has written', load: () => import('./container/logs.ts') },
  attach: { summary: 'Attach to a running container', load: () => import('./container/attach.ts') },
  exec: { summary: 'Run a command in a running container', load: () => import('./container/exec.ts') },
  top: { summary: 'List the processes in a container', load: () => import('./container/top.ts') },
  stats: { summary: 'Show what containers use of the machine', load: () => import('./container/stats.ts') },
  update: { summary: 'Change the limits of containers', load: () => import('./container/update.ts') },
  cp: { summary: 'Copy files to and from a container', load: () => import('./container/cp.ts') },
  diff: {
    summary: 'Show what a container has added (A), changed (C) and deleted (D) of its image',
    load: () => import('./container/diff.ts'),
  },
  commit: { summary: 'Make an image of a container', load: () => import('./container/commit.ts') },
  export: { summary: 'Write the files of a container as an archive', load: () => import('./container/export.ts') },
  rename: { summary: 'Rename a container', load: () => import('./container/rename.ts') },
  port: { summary: 'Show where the ports of a container are published', load: () => import('./container/port.ts') },
  prune: { summary: 'Remove all containers that have ended', load: () => import('./container/prune.ts') },
}
