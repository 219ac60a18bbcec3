// What belongs to this workstation: theme and language. Kept in the browser's storage.
import { overwriteGetLocale } from "../paraglide/runtime.js";

export type Theme = "day" | "night";
export type Language = "en" | "nl" | "id";
export const LANGUAGES: readonly Language[] = ["en", "nl", "id"];
/** Each language in its own words: these are names, not texts to translate. */
export const LANGUAGE_NAMES: Record<Language, string> = { en: "English", nl: "Nederlands", id: "Bahasa Indonesia" };

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage may be switched off; the choice then lasts as long as the window.
  }
}

function isLanguage(word: string | null): word is Language {
  return LANGUAGES.some((language) => language === word);
}

class Prefs {
  #theme = $state<Theme>(stored("millrace.theme") === "night" ? "night" : "day");
  #language = $state<Language>("en");
  #isChosen = false;

  constructor() {
    const language = stored("millrace.language");
    if (isLanguage(language)) {
      this.#language = language;
      this.#isChosen = true;
    }
    overwriteGetLocale(() => this.#language);
    this.#show();
  }

  get theme(): Theme {
    return this.#theme;
  }

  get language(): Language {
    return this.#language;
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    store("millrace.theme", theme);
    this.#show();
  }

  toggleTheme(): void {
    this.setTheme(this.#theme === "day" ? "night" : "day");
  }

  setLanguage(language: Language): void {
    this.#language = language;
    this.#isChosen = true;
    store("millrace.language", language);
    this.#show();
  }

  /** The installation's language, until somebody chooses at this workstation. */
  adoptLanguage(language: string): void {
    if (this.#isChosen || !isLanguage(language)) return;
    this.#language = language;
    this.#show();
  }

  #show(): void {
    document.documentElement.dataset["theme"] = this.#theme;
    document.documentElement.lang = this.#language;
  }
}

export const prefs = new Prefs();
