// kafkajs, every feature of the matrix that it has. Its codecs but gzip are plugged in: kafkajs-snappy, kafkajs-lz4, zstd-codec.
'use strict'

const assert = require('node:assert')
const kafkajs = require('kafkajs')
const { CompressionTypes: Codec } = kafkajs

kafkajs.CompressionCodecs[Codec.Snappy] = require('kafkajs-snappy')
kafkajs.CompressionCodecs[Codec.ZSTD] = () => {
	const zstd = new Promise(ready => require('zstd-codec').ZstdCodec.run(z => ready(new z.Simple())))
	return {
		compress: async encoder => Buffer.from((await zstd).compress(encoder.buffer)),
		decompress: async buffer => Buffer.from((await zstd).decompress(buffer)),
	}
}

const COUNT = 40
const [feature, bootstrap, topic, group] = process.argv.slice(2)
const own = topic + '-x'
const kafka = new kafkajs.Kafka({ clientId: 'kafkajs', brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 8 } })
const producer = { createPartitioner: kafkajs.Partitioners.DefaultPartitioner }

function say(what, more) {
	console.log(JSON.stringify({ what, ...more }).replaceAll(topic, 'TOPIC').replaceAll(group, 'GROUP'))
}

const value = i => `{"lumens": ${i}}`
const range = (from, count) => Array.from({ length: count }, (_, i) => from + i)
const values = (from, count) => range(from, count).map(value)
const rows = (from, count) => range(from, count).map(i => ({ partition: i % 2, key: `key-${i}`, value: value(i), headers: { n: `${i}` } }))
const byPlace = (a, b) => a.partition - b.partition || a.offset - b.offset

function expectValues(got, wanted, what) {
	assert.deepStrictEqual([...got].sort(), [...wanted].sort(), what)
}

// What a call answers, or the name of its error.
async function outcome(call) {
	try {
		return await call()
	} catch (error) {
		const first = error.errors ? error.errors[0] : error
		return first.type || (first.cause && first.cause.type) || first.name
	}
}

// What read() answers once it is as wanted: a broker learns of a change a moment after it was promised.
async function settled(read, wanted) {
	for (let tries = 0; ; tries++) {
		const answer = await read()
		if (wanted(answer))
			return answer
		assert(tries < 300, `the broker comes to know of it: ${JSON.stringify(answer)}`)
		await new Promise(resume => setTimeout(resume, 100))
	}
}

async function send(to, from, count, options = {}, how = {}) {
	const one = kafka.producer({ ...producer, ...options })
	await one.connect()
	const stored = await one.send({ topic: to, messages: rows(from, count), ...how })
	await one.disconnect()
	for (const part of stored.sort((a, b) => a.partition - b.partition))
		say('stored', { ...how, partition: part.partition, offset: part.baseOffset, error: part.errorCode })
}

function show(what, got) {
	for (const m of got.sort(byPlace))
		say(what, { partition: m.partition, offset: m.offset, key: `${m.key}`, value: `${m.value}`, n: `${m.headers.n}` })
	return got.map(m => `${m.value}`)
}

// A member of a group that gathers what comes; it commits when it is told to.
async function join(name, options = {}) {
	const one = kafka.consumer({ groupId: name, heartbeatInterval: 200, rebalanceTimeout: 10000, ...options })
	const got = []
	let mine = []
	one.on(one.events.GROUP_JOIN, ({ payload }) => { mine = payload.memberAssignment[topic] || [] })
	await one.connect()
	await one.subscribe({ topic, fromBeginning: true })
	await one.run({ autoCommit: false, eachMessage: async ({ partition, message }) => { got.push({ partition, ...message, offset: +message.offset }) } })
	return {
		one, has: () => mine,
		take: async count => {
			await settled(() => got.length, length => length >= count)
			assert.strictEqual(got.length, count, 'no more records than wanted')
			return got.splice(0)
		},
		commit: async got => {
			const next = [0, 1].map(p => Math.max(0, ...got.filter(m => m.partition === p).map(m => m.offset + 1)))
			await one.commitOffsets(next.map((offset, partition) => ({ topic, partition, offset: `${offset}` })).filter(o => o.offset > 0))
		},
	}
}

// It has no consumer without a group.
async function readBack(what, wanted, options) {
	const reader = await join(`${group}-${what.replace(/ /g, '-')}`, options)
	expectValues(show(what, await reader.take(wanted.length)), wanted, what)
	await reader.one.disconnect()
}

async function produce() {
	for (const [at, acks] of [-1, 1, 0].entries())
		await send(topic, at * COUNT, COUNT, {}, { acks })
	const one = kafka.producer({ ...producer, retry: { retries: 1 } })
	await one.connect()
	const big = JSON.stringify({ lumens: 1, more: 'x'.repeat(1200000) })
	say('too large', { error: await outcome(() => one.send({ topic, messages: [{ partition: 0, value: big }] })) })
	say('nowhere', { error: await outcome(() => one.send({ topic: topic + '-none', messages: [{ value: '{}' }] })) })
	await one.disconnect()
	await readBack('read', values(0, 3 * COUNT))
}

const codec = compression => async () => {
	await send(topic, 0, COUNT, {}, { compression })
	await readBack('read', values(0, COUNT))
}

async function consume() {
	await send(topic, 0, COUNT)
	await readBack('read', values(0, COUNT))
	await readBack('small fetches', values(0, COUNT), { maxBytesPerPartition: 100 })
	const reader = await join(`${group}-seek`)
	await reader.take(COUNT)
	reader.one.seek({ topic, partition: 0, offset: '15' })
	reader.one.seek({ topic, partition: 1, offset: '12' })
	show('from an offset', await reader.take(13))
	await reader.one.disconnect()
}

async function groups() {
	await send(topic, 0, COUNT)
	const one = await join(group)
	const got = await one.take(COUNT)
	await one.commit(got)
	expectValues(show('first', got), values(0, COUNT), 'the group takes all')
	const two = await join(group)
	await settled(() => [one, two].map(m => m.has().length), counts => counts.every(n => n === 1))
	say('shared', { partitions: [...one.has(), ...two.has()].sort() })
	const a = kafka.admin()
	await a.connect()
	await described(a)
	await two.one.disconnect()
	await one.one.disconnect()
	await described(a)
	await send(topic, COUNT, 4)
	const again = await join(group)
	const since = await again.take(4)
	expectValues(show('goes on', since), values(COUNT, 4), 'what came since')
	await again.commit(since)
	await again.one.disconnect()
	await committed(a, topic)
	await a.disconnect()
}

async function described(a) {
	for (const g of (await a.describeGroups([group])).groups)
		say('group', { state: g.state, kind: g.protocolType, protocol: g.protocol, members: g.members.length, error: g.errorCode })
	say('listed', { groups: (await a.listGroups()).groups.filter(g => g.groupId === group) })
}

async function committed(a, of) {
	const [found] = await a.fetchOffsets({ groupId: group, topics: [of] })
	for (const p of found.partitions.sort((x, y) => x.partition - y.partition))
		say('committed', p)
}

async function idempotent() {
	await send(topic, 0, COUNT, { idempotent: true, maxInFlightRequests: 1 })
	await readBack('read', values(0, COUNT))
}

async function transactions() {
	await send(topic, 0, COUNT)
	const exactly = { ...producer, idempotent: true, maxInFlightRequests: 1, transactionalId: group }
	const first = kafka.producer(exactly)
	await first.connect()
	const committing = await first.transaction()
	await committing.send({ topic, messages: rows(COUNT, COUNT) })
	await committing.sendOffsets({ consumerGroupId: group, topics: [{ topic, partitions: [0, 1].map(partition => ({ partition, offset: '20' })) }] })
	await committing.commit()
	const aborting = await first.transaction()
	await aborting.send({ topic, messages: rows(2 * COUNT, COUNT) })
	await aborting.abort()
	const a = kafka.admin()
	await a.connect()
	await committed(a, topic)
	await a.disconnect()
	const second = kafka.producer(exactly)
	await second.connect()
	const newer = await second.transaction()
	const fenced = await outcome(async () => { const older = await first.transaction(); await older.send({ topic, messages: rows(0, 1) }) })
	assert.strictEqual(typeof fenced, 'string', 'the first producer is fenced')
	say('fenced', { error: fenced })
	await newer.abort()
	await first.disconnect()
	await second.disconnect()
	await readBack('read committed', values(0, 2 * COUNT))
	await readBack('read uncommitted', values(0, 3 * COUNT), { readUncommitted: true })
}

// ---- admin ----

async function administer() {
	const a = kafka.admin({ retry: { retries: 1 } })
	await a.connect()
	for (const step of [topics, configs, offsets, acls, cluster])
		await step(a)
	for (let i = 0; i < 2; i++)
		say('delete topic', { answer: await outcome(() => a.deleteTopics({ topics: [own] })) })
	await a.disconnect()
}

async function topics(a) {
	const wanted = { topic: own, numPartitions: 2, replicationFactor: 1, configEntries: [{ name: 'retention.ms', value: '3600000' }] }
	for (let i = 0; i < 2; i++)
		say('create topic', { answer: await outcome(() => a.createTopics({ topics: [wanted] })) })
	for (const count of [4, 1])
		say('create partitions', { count, answer: await outcome(() => a.createPartitions({ topicPartitions: [{ topic: own, count }] })) })
	const found = await settled(() => outcome(() => a.fetchTopicMetadata({ topics: [own] })), t => t.topics && t.topics[0].partitions.length === 4)
	for (const p of found.topics[0].partitions.sort((x, y) => x.partitionId - y.partitionId))
		say('partition', { partition: p.partitionId, leader: p.leader, replicas: p.replicas, isr: p.isr, error: p.partitionErrorCode })
	say('no topic', { error: await outcome(() => a.fetchTopicMetadata({ topics: [own + '-none'] })) })
	say('listed', { there: (await a.listTopics()).includes(own) })
}

async function configs(a) {
	const type = kafkajs.ConfigResourceTypes.TOPIC
	for (const value of ['7200000', 'soon'])
		say('alter config', { value, answer: await outcome(() => a.alterConfigs({ validateOnly: false, resources: [{ type, name: own,
			configEntries: [{ name: 'retention.ms', value }] }] })) })
	const read = async () => (await a.describeConfigs({ includeSynonyms: false, resources: [{ type, name: own }] })).resources[0].configEntries
		.map(e => [e.configName, e.configValue, e.readOnly, e.configSource]).sort()
	say('configs', { rows: await settled(read, rows => rows.some(r => r[0] === 'retention.ms' && r[1] === '7200000')) })
}

async function offsets(a) {
	await send(own, 0, COUNT)
	for (const call of [() => a.fetchTopicOffsets(own), () => a.fetchTopicOffsetsByTimestamp(own, 1)])
		say('offsets', { offsets: (await call()).sort((x, y) => x.partition - y.partition) })
	say('delete records', { answer: await outcome(() => a.deleteTopicRecords({ topic: own, partitions: [{ partition: 0, offset: '7' }] })) })
	say('offsets', { offsets: (await a.fetchTopicOffsets(own)).sort((x, y) => x.partition - y.partition) })
	await a.setOffsets({ groupId: group, topic: own, partitions: [{ partition: 0, offset: '9' }, { partition: 1, offset: '11' }] })
	await committed(a, own)
	await a.resetOffsets({ groupId: group, topic: own, earliest: true })
	await committed(a, own)
	await described(a)
	for (let i = 0; i < 2; i++)
		say('delete group', { answer: await outcome(() => a.deleteGroups([group])) })
	say('reassignments', { answer: await outcome(() => a.alterPartitionReassignments({ topics: [{ topic: own, partitionAssignment: [{ partition: 0, replicas: [1] }] }] })) })
}

async function acls(a) {
	const { AclResourceTypes, AclOperationTypes, AclPermissionTypes, ResourcePatternTypes } = kafkajs
	const rule = { resourceType: AclResourceTypes.TOPIC, resourceName: own, resourcePatternType: ResourcePatternTypes.LITERAL, principal: 'User:bob',
		host: '*', operation: AclOperationTypes.READ, permissionType: AclPermissionTypes.ALLOW }
	say('create acl', { answer: await outcome(() => a.createAcls({ acl: [rule] })) })
	const found = await settled(() => a.describeAcls(rule), answer => answer.resources.length === 1)
	say('acls', { acls: found.resources[0].acls })
	say('delete acls', { count: (await a.deleteAcls({ filters: [rule] })).filterResponses.map(f => f.matchingAcls.length) })
}

async function cluster(a) {
	const found = await a.describeCluster()
	say('cluster', { id: found.clusterId, controller: found.controller, brokers: found.brokers.map(b => b.nodeId) })
}

const features = { produce, gzip: codec(Codec.GZIP), snappy: codec(Codec.Snappy), zstd: codec(Codec.ZSTD), consume,
	group: groups, idempotent, transactions, admin: administer }

features[feature]().then(() => process.exit(0), error => {
	console.error(error)
	process.exit(1)
})
