// Other people's judgement of AsyncAPI documents: the official JSON Schemas (@asyncapi/specs) by ajv, and the reference
// parser (@asyncapi/parser). Names of documents come on stdin, one a line; an answer a line goes out, as JSON.
//
//   node oracle.js structure        {"file", "valid", "errors": ["/path message", ...]}
//   node oracle.js texts DIR        {"file", "family", "valid"} of each text that it writes to DIR/FAMILY.texts
//   node oracle.js parser           {"file", "valid", "errors": ["code /path message", ...], "tree": {...}}
//   node oracle.js mutate DIR N     writes N variants of each document to DIR, prints {"file", "of", "what", "path"}
//   node oracle.js traits DIR       writes each document with traits added to DIR, prints {"file", "of"}
//
// Packages are found through NODE_PATH; versions are pinned in tests/versions.
'use strict';
const fs = require('fs');
const path = require('path');
const yaml = require('yaml');

function read(file) {
	const text = fs.readFileSync(file, 'utf8');
	return file.endsWith('.json') ? JSON.parse(text) : yaml.parse(text, { version: '1.2', schema: 'core', maxAliasCount: 1000 });
}

function names() {
	return fs.readFileSync(0, 'utf8').split('\n').filter(Boolean);
}

function tell(answer) {
	fs.writeSync(1, JSON.stringify(answer) + '\n');
}

// ---- the official schemas ----

const validators = {};

// Where the official schemas contradict the specification's text, they are corrected before they judge. Each row is a
// divergence of ours: its section, and what is changed.
const corrections = [
	{ name: 'parameter-reference', section: '2.0-2.4 Parameters Object: Map[string, Parameter Object | Reference Object]; the schema of a parameter has a $ref of ' +
		'its own, so that every reference matches both branches of oneOf',
	change: (family, at) => { if (family < '2.5') delete at('parameter.json').properties.$ref; } },
	{ name: 'parameter-object', section: 'Parameter Object: an object; its schema has no type, so that true, 7 and [] pass',
		change: (family, at) => { at('parameter.json').type = 'object'; } },
	{ name: 'openapi-reference', section: '2.x Message Object, payload: any, in the language of schemaFormat; OpenAPI 3.0 Schema Object may be a Reference Object',
		change: (family, at) => { if (family < '3') wrapOpenapi(at('message.json')); } },
	{ name: 'boolean-schema', section: '3.x Schema Object: a superset of draft-07, where true and false are schemas; anySchema.json takes a boolean for a ' +
		'multi-format object', change: (family, at) => { if (family >= '3') at('anySchema.json').if.type = 'object'; } },
	{ name: 'binding-version', section: 'bindings, bindingVersion: a string, latest when omitted; the list in the schemas lacks latest and published versions',
		change: (family, at) => { if (family >= '3') for (const place of ['server', 'channel', 'operation', 'message']) openVersions(at(`${place}BindingsObject.json`)); } },
	{ name: 'avro-schema', section: 'Message Object, schemaFormat: Avro is RECOMMENDED since 2.1; a message in Avro is told not to be judged, and its schema not looked at',
		change: (family, at, definitions) => {
			for (const name of Object.keys(definitions))
				if (name.endsWith('/avroSchema_v1.json'))
					definitions[name] = { $id: definitions[name].$id, not: { type: 'object', required: ['$ref'] } };
		} },
];

function openVersions(bindings) {
	for (const protocol of Object.values(bindings.properties))
		if (protocol.properties)
			protocol.properties.bindingVersion = { type: 'string' };
}

function wrapOpenapi(node) {
	if (node === null || typeof node !== 'object')
		return;
	for (const key of Object.keys(node)) {
		const value = node[key];
		if (value && typeof value === 'object' && typeof value.$ref === 'string' && value.$ref.endsWith('/openapiSchema_3_0.json'))
			node[key] = { anyOf: [{ type: 'object', required: ['$ref'], properties: { $ref: { type: 'string', format: 'uri-reference' } } }, value] };
		else
			wrapOpenapi(value);
	}
}

// The patch level and a suffix change nothing (specification, "AsyncAPI Version String"), so the schema's own
// constant is set to the document's version.
function familyOf(version) {
	const parts = /^(\d+)\.(\d+)\.\d+(-.+)?$/.exec(version);
	return parts ? `${parts[1]}.${parts[2]}.0` : undefined;
}

function correctedSchema(family) {
	const specs = require('@asyncapi/specs');
	if (!specs.schemas[family])
		return undefined;
	const schema = JSON.parse(JSON.stringify(specs.schemas[family]));
	const at = name => schema.definitions[`http://asyncapi.com/definitions/${family}/${name}`];
	for (const row of corrections)
		row.change(family, at, schema.definitions);
	return schema;
}

// A pattern with the u flag, as JSON Schema asks for and egctl schema judges; ajv-formats leaves it out.
function isPattern(text) {
	try {
		return Boolean(new RegExp(text, 'u'));
	} catch (error) {
		return false;
	}
}

function validatorOf(family, strict) {
	const name = family + (strict ? ' strict' : '');
	if (validators[name])
		return validators[name];
	const Ajv = require('ajv');
	const schema = correctedSchema(family);
	if (!schema)
		return undefined;
	const ajv = new Ajv({ strict: false, allErrors: false, unicodeRegExp: false, meta: false, validateSchema: false });
	require('ajv-formats')(ajv);
	if (strict)
		ajv.addFormat('regex', isPattern);
	validators[name] = ajv.compile(schema);
	return validators[name];
}

// ---- references, followed ----

// 3.x references that tell identity and must stay references.
const identities = [/^\/(components\/)?operations\/[^/]+\/(channel|messages)(\/|$)/, /^\/(components\/)?operations\/[^/]+\/reply\/(channel|messages)(\/|$)/,
	/^\/components\/replies\/[^/]+\/(channel|messages)(\/|$)/, /^\/(components\/)?channels\/[^/]+\/servers(\/|$)/];

// Places that hold data, where $ref is a name like any other.
const data = /(?<!\/(properties|patternProperties|definitions))\/(scopes|availableScopes|examples|example|default|const|enum|mapping|x-[^/]*)(\/|$)/;

function target(doc, ref) {
	let node = doc;
	for (const token of decodeURIComponent(ref.slice(1)).split('/').slice(1)) {
		const key = token.replace(/~1/g, '/').replace(/~0/g, '~');
		if (node === null || typeof node !== 'object' || !Object.prototype.hasOwnProperty.call(node, key))
			return undefined;
		node = node[key];
	}
	return node;
}

// "$ref ... siblings SHALL be ignored" (Reference Object; divergence reference-siblings), but for those of a 2.x channel.
function alone(node, at) {
	if (node === null || typeof node !== 'object')
		return node;
	if (Array.isArray(node))
		return node.map((one, i) => alone(one, `${at}/${i}`));
	if (typeof node.$ref === 'string' && !/^(\/components)?\/channels\/[^/]+$/.test(at) && !/\/properties$/.test(at))
		return { $ref: node.$ref };
	const out = {};
	for (const key of Object.keys(node))
		out[key] = alone(node[key], `${at}/${key.replace(/\//g, '~1')}`);
	return out;
}

// The document with what its references name in their place: the official schemas look at a reference and no further.
function followed(doc) {
	let left = 300000;
	const escape = key => key.replace(/~/g, '~0').replace(/\//g, '~1');
	const walk = (node, at, open) => {
		if (node === null || typeof node !== 'object' || left-- < 0)
			return node;
		if (typeof node.$ref === 'string' && node.$ref.startsWith('#/') && !identities.some(one => one.test(at)) && !data.test(at) && !open.includes(node.$ref)) {
			let found;
			try {
				found = target(doc, node.$ref);
			} catch (error) {
				found = undefined;
			}
			return found === undefined ? node : walk(found, at, [...open, node.$ref]);
		}
		if (Array.isArray(node))
			return node.map((one, i) => walk(one, `${at}/${i}`, open));
		const out = {};
		for (const key of Object.keys(node))
			out[key] = walk(node[key], `${at}/${escape(key)}`, open);
		return out;
	};
	return walk(doc, '', []);
}

// What ajv sees of a document, for another engine: FAMILY.schema.json and FAMILY.texts in DIR, one text a line.
function texts(file, dir, written) {
	const answer = structure(file, true);
	if (!answer.texts)
		return;
	const { family } = answer;
	if (!written[family]) {
		written[family] = fs.openSync(path.join(dir, `${family}.texts`), 'w');
		fs.writeFileSync(path.join(dir, `${family}.schema.json`), JSON.stringify(correctedSchema(family)));
	}
	for (const text of answer.texts) {
		fs.writeSync(written[family], JSON.stringify(text) + '\n');
		tell({ file, family, valid: validatorOf(family, true)(text) });
	}
}

function structure(file, wanted) {
	let doc;
	try {
		doc = read(file);
	} catch (error) {
		return { file, valid: false, errors: [`not read: ${String(error).split('\n')[0]}`] };
	}
	const version = doc && typeof doc === 'object' ? doc.asyncapi : undefined;
	const family = typeof version === 'string' ? familyOf(version) : undefined;
	const validate = family && validatorOf(family);
	if (!validate)
		return { file, version, valid: false, errors: [`no schema for version ${version}`] };
	const plain = alone({ ...doc, asyncapi: family }, '');
	if (wanted)
		return { family, texts: [plain, followed(plain)] };
	const valid = validate(plain) && validate(followed(plain));
	return { file, version, valid, errors: valid ? [] : (validate.errors || []).slice(-4).map(e => `${e.instancePath} ${e.message}`) };
}

// ---- the reference parser ----

function bare(tree) {
	const seen = new Map();
	const walk = value => {
		if (value === null || typeof value !== 'object')
			return value;
		if (seen.has(value))
			return seen.get(value) || '(circle)';
		if (Array.isArray(value))
			return value.map(walk);
		seen.set(value, null);
		const out = {};
		for (const key of Object.keys(value))
			if (!key.startsWith('x-parser-'))
				out[key] = walk(value[key]);
		seen.set(value, out);
		return out;
	};
	return walk(tree);
}

async function parser(file) {
	const { Parser, fromFile } = require('@asyncapi/parser');
	const reader = new Parser({ __unstable: { resolver: { cache: false, resolvers: [{ schema: 'http', order: 0, canRead: true, read: () => { throw new Error('remote'); } },
		{ schema: 'https', order: 0, canRead: true, read: () => { throw new Error('remote'); } }] } } });
	try {
		const { document, diagnostics } = await fromFile(reader, file).parse({ validateOptions: { allowedSeverity: { error: true } } });
		const errors = diagnostics.filter(d => d.severity === 0);
		let tree;
		try {
			tree = document && process.env.TREE ? bare(document.json()) : undefined;
		} catch (error) {
			tree = undefined;
		}
		return { file, valid: errors.length === 0, errors: errors.slice(0, 6).map(d => `${d.code} /${d.path.join('/')} ${d.message}`), tree };
	} catch (error) {
		return { file, valid: false, errors: [`thrown ${String(error).split('\n')[0]}`] };
	}
}

// ---- variants ----

// The same numbers for the same seed everywhere.
function random(seed) {
	let state = seed >>> 0;
	return n => {
		state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
		return Math.floor(state / 4294967296 * n);
	};
}

const wrong = [null, 7, -1.5, true, 'no such thing', [], {}, ['twice', 'twice'], { unknown: 1 }, { $ref: '#/info' }, ''];

function places(node, at, out) {
	if (node === null || typeof node !== 'object')
		return;
	for (const key of Object.keys(node)) {
		out.push([...at, key]);
		places(node[key], [...at, key], out);
	}
}

function holderOf(doc, at) {
	return at.slice(0, -1).reduce((node, key) => node[key], doc);
}

const changes = [
	['remove', (holder, key) => Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key]],
	['replace', (holder, key, pick) => { holder[key] = wrong[pick(wrong.length)]; }],
	['replace', (holder, key, pick) => { holder[key] = wrong[pick(wrong.length)]; }],
	['rename', (holder, key) => { if (Array.isArray(holder)) return; const value = holder[key]; delete holder[key]; holder[key + 'X'] = value; }],
	['add', (holder, key) => { const value = holder[key]; if (value && typeof value === 'object' && !Array.isArray(value)) value.surprise = 'yes'; }],
	['repeat', (holder, key) => { if (Array.isArray(holder)) holder.push(holder[key]); }],
];

function mutate(file, dir, n, number) {
	let doc;
	try {
		doc = read(file);
	} catch (error) {
		return;
	}
	const text = JSON.stringify(doc), all = [], pick = random(number + 1);
	places(doc, [], all);
	for (let i = 0; i < n && all.length; i++) {
		const copy = JSON.parse(text), at = all[pick(all.length)], [what, change] = changes[pick(changes.length)];
		change(holderOf(copy, at), at[at.length - 1], pick);
		const changed = JSON.stringify(copy, null, 1);
		if (JSON.stringify(copy) === text)
			continue;
		const out = path.join(dir, `${number}-${i}.json`);
		fs.writeFileSync(out, changed + '\n');
		tell({ file: out, of: file, what, path: '/' + at.join('/') });
	}
}

// ---- traits ----

const traitFields = {
	message: ['headers', 'contentType', 'name', 'title', 'summary', 'description', 'tags', 'externalDocs', 'bindings', 'examples', 'correlationId'],
	operation: ['title', 'summary', 'description', 'tags', 'externalDocs', 'bindings'],
};

// Inline messages and operations of a document.
function carriers(doc) {
	const found = { message: [], operation: [] };
	const note = (what, node) => {
		if (node && typeof node === 'object' && !node.$ref && !node.oneOf)
			found[what].push(node);
	};
	const all = map => Object.values(map && typeof map === 'object' ? map : {});
	for (const holder of [doc, doc.components || {}]) {
		all(holder.messages).forEach(one => note('message', one));
		all(holder.operations).forEach(one => note('operation', one));
		for (const channel of all(holder.channels)) {
			all(channel.messages).forEach(one => note('message', one));
			for (const operation of [channel.publish, channel.subscribe].filter(Boolean)) {
				note('operation', operation);
				[operation.message, ...((operation.message || {}).oneOf || [])].forEach(one => note('message', one));
			}
		}
	}
	return found;
}

// What another object of the kind says, as a trait, and members that only tell whose value wins.
function traitOf(what, other, n) {
	const trait = { 'x-nested': { kept: n, gone: null, deep: { [`of-${n}`]: [n], both: n } }, 'x-list': [n], 'x-whose': `trait ${n}` };
	for (const key of traitFields[what])
		if (other[key] !== undefined)
			trait[key] = other[key];
	if (n % 7 === 0)
		trait['x-gone'] = null;
	if (n % 2)
		trait.description = `Trait ${n}.`;
	return JSON.parse(JSON.stringify(trait));
}

function traits(file, dir, number) {
	let doc;
	try {
		doc = read(file);
	} catch (error) {
		return;
	}
	if (!doc || typeof doc !== 'object')
		return;
	const found = carriers(doc), text = JSON.stringify(doc);
	for (const what of Object.keys(found)) {
		const others = JSON.parse(JSON.stringify(found[what]));
		found[what].forEach((node, i) => {
			const own = Array.isArray(node.traits) ? node.traits : [];
			node.traits = [...own, ...[1, 2].map(n => traitOf(what, others[(i + n) % others.length], i + n))];
			node['x-gone'] = 'own';
			node['x-nested'] = { gone: 1, own: true, deep: { both: 'own' } };
			if (i % 3 === 0)
				node['x-whose'] = 'own';
		});
	}
	if (JSON.stringify(doc) === text)
		return;
	const out = path.join(dir, `traits-${number}.json`);
	fs.writeFileSync(out, JSON.stringify(doc, null, 1) + '\n');
	tell({ file: out, of: file });
}

async function main() {
	const [job, dir, n] = process.argv.slice(2);
	const written = {};
	let number = 0;
	for (const file of names()) {
		if (job === 'structure')
			tell(structure(file));
		else if (job === 'texts')
			texts(file, dir, written);
		else if (job === 'parser')
			tell(await parser(file));
		else if (job === 'mutate')
			mutate(file, dir, Number(n), number++);
		else if (job === 'traits')
			traits(file, dir, number++);
	}
}

main().catch(error => {
	console.error(error);
	process.exit(1);
});
