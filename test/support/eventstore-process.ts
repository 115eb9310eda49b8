import { randomUUID } from 'node:crypto'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import features from '@eventstore/db-client/generated/serverfeatures_pb.js'
import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { gossipService } from './eventstore/gossip-service.ts'
import { Journal } from './eventstore/journal.ts'
import {
  noFaults,
  type Counts,
  type Faults,
  type Order,
  type StandInOptions,
} from './eventstore/orders.ts'
import { streamsService } from './eventstore/streams-service.ts'
import { Subscriptions } from './eventstore/subscriptions.ts'
import { receiverCertificate, receiverKey } from './receiver-certificate.ts'

/**
 * A test double of EventStoreDB, in a process of its own: it speaks the part of the gRPC protocol that
 * `@eventstore/db-client` uses for streams, and does wrong what it is told to. No more than that is like
 * EventStoreDB; the same tests run against a real one where `CUSTODY_TEST_EVENTSTORE` names it.
 */
const options = JSON.parse(process.argv[2] ?? '') as StandInOptions
const journal = new Journal(options.path)
const sockets = new Set<Socket>()
const counts: Counts = {
  appends: 0,
  batchAppends: 0,
  reads: 0,
  subscriptions: 0,
  events: 0,
  sent: 0,
  open: 0,
  lastFrom: 0,
  authorization: '',
}
let faults: Faults = { ...noFaults }
const drop = () => {
  for (const socket of sockets) socket.destroy()
}

const subscriptions = new Subscriptions(journal, () => faults, counts)
const server = new Server({ 'grpc.max_receive_message_length': 17 * 1024 * 1024 })
server.addService(
  streamsGrpc.StreamsService,
  streamsService({ journal, faults: () => faults, counts, drop, subscriptions }),
)
server.addService(featuresGrpc.ServerFeaturesService, {
  getSupportedMethods: (_: unknown, reply: (error: null, answer: unknown) => void) => {
    const batch = new features.SupportedMethod()
    batch.setServiceName('event_store.client.streams.streams')
    batch.setMethodName('batchappend')
    const answer = new features.SupportedMethods()
    answer.setEventStoreServerVersion('23.10.0-stand-in')
    answer.addMethods(batch)
    reply(null, answer)
  },
})

server.addService(
  gossipGrpc.GossipService,
  gossipService(() => faults),
)

// The connections are ours, so that they can be cut.
const pair = { private_key: Buffer.from(receiverKey), cert_chain: Buffer.from(receiverCertificate) }
const injector = server.createConnectionInjector(
  options.tls ? ServerCredentials.createSsl(null, [pair]) : ServerCredentials.createInsecure(),
)
const listener = createServer((socket) => {
  sockets.add(socket)
  socket.on('close', () => sockets.delete(socket))
  socket.on('error', () => {})
  socket.setNoDelay(true)
  injector.injectConnection(socket)
})

function follow(order: Order): void {
  switch (order.kind) {
    case 'set':
      faults = { ...faults, ...order.faults }
      break
    case 'reset':
      faults = { ...noFaults }
      subscriptions.end('end')
      journal.reset()
      break
    case 'drop':
      drop()
      break
    case 'end-subscriptions':
      subscriptions.end(order.with)
      break
    case 'foreign':
      for (let one = 0; one < order.count; one += 1) {
        const data = Buffer.from(JSON.stringify({ one }))
        const event = {
          id: randomUUID(),
          type: '$statsCollected',
          contentType: 'application/json',
          data,
        }
        journal.append(order.stream, 'any', [event])
      }
      break
    case 'count':
      break
  }
}

process.on('message', ({ number, order }: { number: number; order: Order }) => {
  follow(order)
  const now = { ...counts, events: journal.events.length, open: subscriptions.size }
  process.send?.({ number, counts: now })
})
// Whoever started it is gone: so it goes.
process.on('disconnect', () => process.exit())
listener.listen(options.port, '127.0.0.1', () => {
  process.send?.({ port: (listener.address() as AddressInfo).port })
})
