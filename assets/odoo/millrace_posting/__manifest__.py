# Part of Millrace. Licence: MIT or Apache-2.0, at your choice (Odoo's list of names has no entry
# for the pair, so that the nearest one stands below).
{
    "name": "Millrace Posting",
    "summary": "Books a batch's consumption exactly once, by a key that is unique in the database",
    "version": "1.1.0",
    "category": "Manufacturing",
    "license": "Other OSI approved licence",
    "depends": ["mrp"],
    "data": ["security/ir.model.access.csv"],
    "installable": True,
}
