// The table of the buses' fields: each form splits an alias of its bus, and every name is a name once.
import test from "ava";
import { busesWithFields, formOfBus, namedForm } from "../../../src/agent/explaining/bus-fields.js";

test("every bus of the table has fields with different names, of which one at least identifies", (t) => {
	t.true(busesWithFields.length > 45);
	for (const bus of busesWithFields) {
		const { fields } = formOfBus(bus);
		t.not(fields, namedForm.fields, bus);
		t.is(new Set(fields.map(({ name }) => name)).size, fields.length, bus);
		t.true(fields.some(({ identifies }) => identifies) && fields.every(({ name }) => /^[A-Za-z ]+$/.test(name)), bus);
	}
});

test("a bus that no table has, and one that is named like a property of every object, has names alone", (t) => {
	for (const bus of ["nobody", "constructor", "__proto__", "toString", ""])
		t.is(formOfBus(bus).fields, namedForm.fields);
});

test("a hint never denies that a pattern agrees in a field", (t) => {
	const form = formOfBus("usb");
	const values = form.split("v0403p6001d0400dc00dsc00dp00icFFiscFFipFFin00")!.map(String);
	const hint = form.hintOfAgreement!(values);
	for (const agreeing of [
		"v0403p*d*",
		"v*p6001d*",
		"v0001p0002d04*dc*",
		"v0001p0002d[0-9]*dc*",
		"v0001p0002d*dc*dsc*dp*icFFisc*",
	])
		t.true(hint.test(agreeing), agreeing);
	t.false(hint.test("v0001p0002d*dc*dsc*dp*ic*isc*ip*in*"));
});
