// Judges pairs with ajv: a line of JSON in, a line of JSON out. In: {dialect, schema: text, instances: [base64]}.
// Out: a list of "valid", "invalid" or "not json"; or {refused: why}.
const folder = process.argv[2] + "/node_modules/";
const { default: Ajv7 } = require(folder + "ajv");
const { default: Ajv2019 } = require(folder + "ajv/dist/2019");
const { default: Ajv2020 } = require(folder + "ajv/dist/2020");
const addFormats = require(folder + "ajv-formats");
const classes = { "draft-07": Ajv7, "2019-09": Ajv2019, "2020-12": Ajv2020 };
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

// Up to draft-07 what stands beside $ref is ignored, and ajv 8 has no option for it.
const kept = ["$ref", "$id", "$schema", "definitions"];
function strip(schema) {
	if (Array.isArray(schema)) return schema.map(strip);
	if (schema === null || typeof schema !== "object") return schema;
	const words = Object.keys(schema);
	const ignored = typeof schema.$ref === "string" ? words.filter((word) => !kept.includes(word)) : [];
	const data = ["const", "enum", "default", "examples"];
	return Object.fromEntries(words.filter((word) => !ignored.includes(word))
		.map((word) => [word, data.includes(word) ? schema[word] : strip(schema[word])]));
}

function judge(validate, base64) {
	let value;
	try {
		value = JSON.parse(utf8.decode(Buffer.from(base64, "base64")));
	} catch {
		return "not json";
	}
	return validate(value) ? "valid" : "invalid";
}

function answer({ dialect, schema, instances }) {
	const old = dialect === "draft-07";
	const ajv = new classes[dialect]({ strict: false, ownProperties: true, logger: false, validateFormats: old });
	if (old) addFormats(ajv);
	try {
		const parsed = JSON.parse(schema);
		const validate = ajv.compile(old ? strip(parsed) : parsed);
		return instances.map((instance) => judge(validate, instance));
	} catch (error) {
		return { refused: String(error.message) };
	}
}

require("readline").createInterface({ input: process.stdin })
	.on("line", (line) => console.log(JSON.stringify(answer(JSON.parse(line)))));
