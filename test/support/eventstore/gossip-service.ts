import gossip from '@eventstore/db-client/generated/gossip_pb.js'
import type { Faults } from './orders.ts'

/** The call of `event_store.client.gossip.Gossip` by which the driver finds the leader of a cluster. */
export function gossipService(faults: () => Faults) {
  const read = (_: unknown, reply: (error: null, answer: unknown) => void) => {
    const { LEADER, FOLLOWER } = gossip.MemberInfo.VNodeState
    const members = faults().members.map(({ port, alive, leader }) => {
      const endPoint = new gossip.EndPoint()
      endPoint.setAddress('127.0.0.1')
      endPoint.setPort(port)
      const member = new gossip.MemberInfo()
      member.setState(leader ? LEADER : FOLLOWER)
      member.setIsAlive(alive)
      member.setTimeStamp('0')
      member.setHttpEndPoint(endPoint)
      return member
    })
    const cluster = new gossip.ClusterInfo()
    cluster.setMembersList(members)
    reply(null, cluster)
  }
  return { read }
}
