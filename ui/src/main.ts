// Starts the front end.
import { mount } from "svelte";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/print.css";
import App from "./app/App.svelte";

const target = document.getElementById("app");
if (target === null) throw new Error("the page has no element with the id app");
mount(App, { target });
